"""Requests of a page with and without bundles."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, Response, expect

from tests.journeys import staging
from tests.journeys.people import Customer, Mechanic
from tests.journeys.shared import Come, ComeMechanic
from tests.kit.server import Server

FEW = 4  # of every page, of several, of the room, and the switch of push messages; without bundles some seventy
WITH_A_CALL = FEW + 2  # the call, and the device check


def test_the_room_asks_for_few_scripts_all_of_which_its_page_names(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.live(server, customer, mechanic)
    asked: list[str] = []
    customer.page.on("response", lambda answer: asked.extend(scripts(answer)))
    document = customer.page.goto(f"/sessions/{session_id}/")
    customer.is_live()
    customer.says("It rattles")
    mechanic.reads("It rattles")
    assert document
    named = set(re.findall(r'"(/static/[^"]+\.js)"', document.text()))
    assert len(asked) == len(set(asked)) <= FEW
    assert set(asked) == named
    assert all("/bundles/" in each for each in asked)


def test_the_room_of_a_call_asks_for_two_scripts_more(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = staging.accepted(server, customer.who, mechanic.who, "video")
    asked: list[str] = []
    customer.page.on("response", lambda answer: asked.extend(scripts(answer)))
    customer.page.goto(f"/sessions/{session_id}/")
    expect(customer.page.locator("device-preflight")).to_be_visible()
    assert len(asked) == len(set(asked)) <= WITH_A_CALL


def test_a_session_takes_place_without_bundles(
    start_server: Callable[..., Server], browser_of: Callable[..., Page]
) -> None:
    server = start_server(environment={"BUNDLED_SCRIPTS": "0"})
    who = server.sign_in("customer@example.com"), server.sign_in("mechanic@example.com")
    customer = Customer(browser_of(who[0], server=server), who[0])
    mechanic = Mechanic(browser_of(who[1], server=server), who[1])
    loaded: list[str] = []
    customer.page.on("response", lambda answer: loaded.append(path(answer)))
    staging.live(server, customer, mechanic)
    customer.says("It rattles")
    mechanic.reads("It rattles").says("Since when?")
    customer.reads("Since when?")
    assert "/static/room/wire/channel.js" in loaded
    assert not [each for each in loaded if "/bundles/" in each]


def scripts(answer: Response) -> list[str]:
    return [path(answer)] if answer.request.resource_type == "script" else []


def path(answer: Response) -> str:
    return "/" + answer.url.split("/", 3)[3].split("?")[0]
