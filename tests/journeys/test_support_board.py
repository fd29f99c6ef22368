"""The support board: live updates, one holder per alert, visible problems."""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys import quietly
from tests.journeys.conftest import DESKTOP
from tests.journeys.inspection import inspect
from tests.journeys.test_dashboards import COUNT_TONES
from tests.kit.scene import key
from tests.kit.server import Person, Server, running
from tests.kit.sockets import Socket, room
from tests.kit.time_travel import pass_time

UNACCEPTED = "No mechanic has accepted yet"

MINUTE = 60
OpenPage = Callable[..., Page]
COLLEAGUE = """
from django.contrib.auth.hashers import make_password
from autodoctor.accounts.actions import enroll
password_hash = make_password("demo")
enroll(email="colleague@example.com", name="Chris Colleague", password_hash=password_hash, is_staff=True)
"""
DISPUTE = """
from uuid import UUID
from django.utils import timezone
from autodoctor.sessions.lifecycle.transitions import record_payment_event
from autodoctor.sessions.record.event_log import Audience
from autodoctor.sessions.states import EventKind
data = {{"rule": "payment.disputed"}}
record_payment_event(
    session_id=UUID("{id}"), kind=EventKind.ALERT_SUPPORT, data=data, audience=Audience.SUPPORT, now=timezone.now()
)
"""
NAMES = {
    "customer": ["Ana Ribeiro", "Wilhelmina Featherstonehaugh", "Tom Okafor", "Priya Natarajan", "Bo Lind", "Jo Ames"],
    "mechanic": ["Morgan Mechanic", "Dana Whitlock", "Rui Tavares", "Ines Kowalczyk", "Sol Abara", "Kim Vance"],
}
# The minutes since each session of the crowded board entered its present state.
MINUTES = {"unaccepted": 3, "not_come": 2.5, "stuck": 2, "dropped": 12, "disputed": 0, "calm": 26}


@pytest.fixture(scope="module")
def stage() -> Iterator[Server]:
    """A separate server, so that the board shows these people only."""
    with running() as server:
        server.shell(COLLEAGUE)
        yield server


@pytest.fixture
def support(stage: Server, browser_of: OpenPage) -> Page:
    return browser_of("support@example.com", server=stage, viewport=DESKTOP)


def line(page: Page, session_id: str) -> Locator:
    return page.locator(f"#line-{session_id}")


def test_an_alert_appears_by_itself_and_a_colleague_sees_who_took_it(
    stage: Server, support: Page, browser_of: OpenPage
) -> None:
    support.context.add_init_script(COUNT_TONES)
    colleague = browser_of("colleague@example.com", server=stage)
    for page in (support, colleague):
        page.goto("/dashboard/")
        expect(page).to_have_url(re.compile("/support/$"))
        expect(page.get_by_text("Nothing is open")).to_be_visible()
    support.get_by_role("heading", level=1).click()

    customer = stage.sign_in("customer@example.com")
    session_id = quietly.request(stage, customer)
    expect(line(support, session_id)).to_contain_text("no mechanic yet")
    with Socket(stage, room(session_id), customer):
        expect(line(support, session_id)).to_contain_text("preparing")
    expect(line(support, session_id)).to_contain_text("away")

    pass_time(stage, session_id, 3 * MINUTE)
    for page in (support, colleague):
        expect(line(page, session_id)).to_contain_text(UNACCEPTED)
    expect(support.locator(".toast", has_text="New alert")).to_be_visible()
    assert support.evaluate("window.tones") > 0

    line(support, session_id).get_by_role("button", name="Take").click()
    expect(line(support, session_id)).to_contain_text("You took this alert")
    expect(line(colleague, session_id)).to_contain_text(re.compile(r"\S+ took this alert"))
    expect(line(colleague, session_id).get_by_role("button", name="Take", exact=True)).to_have_count(0)

    line(colleague, session_id).get_by_role("button", name="Take over").click()
    expect(line(colleague, session_id)).to_contain_text("You took this alert")
    expect(line(support, session_id)).to_contain_text("Chris Colleague took this alert")
    line(colleague, session_id).get_by_role("button", name="Done").click()
    expect(line(support, session_id).locator(".alert")).to_have_count(0)
    quietly.act(stage, customer, session_id, "cancel")
    expect(line(support, session_id)).to_have_count(0)


def test_the_muted_board_still_shows_alerts_and_stays_muted(stage: Server, support: Page) -> None:
    support.context.add_init_script(COUNT_TONES)
    support.goto("/support/")
    switch = support.get_by_role("switch", name="Sound")
    expect(switch).to_be_checked()
    switch.click()
    expect(switch).not_to_be_checked()
    support.reload()
    expect(switch).not_to_be_checked()
    support.get_by_role("heading", level=1).click()
    customer = stage.sign_in("customer@example.com")
    session_id = quietly.request(stage, customer)
    expect(line(support, session_id)).to_be_visible()
    pass_time(stage, session_id, 3 * MINUTE)
    expect(support.locator(".toast", has_text="New alert")).to_be_visible()
    assert support.evaluate("window.tones") == 0
    quietly.act(stage, customer, session_id, "cancel")


def test_the_board_sorts_sessions_in_different_trouble_by_need(stage: Server, browser_of: OpenPage) -> None:
    """`PICTURES=1` saves pictures of the board and its pages."""
    rooms, pages = stage_five_in_trouble_and_one_calm(stage)
    board = browser_of("support@example.com", server=stage, viewport=DESKTOP)
    board.goto("/support/")
    line(board, rooms["disputed"]).get_by_role("button", name="Take").click()
    expect_lines_sorted_by_need(board, rooms)
    inspect(board, "support-board")
    find_a_person(browser_of("support@example.com", server=stage))
    for page in pages:
        page.close()


def stage_five_in_trouble_and_one_calm(stage: Server) -> tuple[dict[str, str], list[Socket]]:
    """The sessions by their trouble, and the pages that are open in them."""
    customers, mechanics = stage.enroll(6, "buyer-"), stage.enroll(6, "fixer-", mechanics=True)
    named(stage, customers, NAMES["customer"])
    named(stage, mechanics, NAMES["mechanic"])
    rooms = {trouble: quietly.request(stage, one, "chat") for trouble, one in zip(MINUTES, customers, strict=True)}
    people = dict(zip(rooms, zip(customers, mechanics, strict=True), strict=True))
    for trouble in list(rooms)[1:]:
        quietly.accept(stage, people[trouble][1], rooms[trouble])
    pages = {trouble: come(stage, people[trouble], rooms[trouble]) for trouble in list(rooms)[2:]}
    for trouble in ("dropped", "disputed", "calm"):
        quietly.act(stage, people[trouble][1], rooms[trouble], "start")
    for trouble, minutes in MINUTES.items():
        if minutes:
            pass_time(stage, rooms[trouble], minutes * MINUTE)
    stage.shell(DISPUTE.format(id=rooms["disputed"]))
    pages["dropped"][1].close()
    return rooms, list(chain(*pages.values()))


def expect_lines_sorted_by_need(board: Page, rooms: dict[str, str]) -> None:
    expect(line(board, rooms["dropped"])).to_contain_text("The mechanic lost the connection")
    expect(line(board, rooms["unaccepted"])).to_contain_text(UNACCEPTED)
    expect(line(board, rooms["stuck"])).to_contain_text("Both are in, but the session does not start")
    expect(line(board, rooms["not_come"])).to_contain_text("The mechanic has not joined")
    expect(line(board, rooms["disputed"])).to_contain_text("You took this alert")
    shown = board.locator(".board .line").evaluate_all("lines => lines.map((one) => one.className.split('--')[1])")
    assert shown == ["alarm", "alarm", "trouble", "handled", "watch", "calm"]
    expect(board.locator(".toast")).to_have_count(0)


def find_a_person(page: Page) -> None:
    page.goto("/support/search/?q=Feather")
    expect(page.get_by_role("link", name="Wilhelmina Featherstonehaugh", exact=True)).to_be_visible()
    inspect(page, "support-search-found")
    page.get_by_role("link", name="Wilhelmina Featherstonehaugh", exact=True).click()
    inspect(page, "support-person")


def named(server: Server, people: list[Person], names: list[str]) -> None:
    for person, name in zip(people, names, strict=True):
        server.sql(
            "UPDATE accounts_user SET name = %s, search_words = lower(%s) WHERE id = %s",
            name,
            name,
            key(server, UUID(person.id)),
        )


def come(server: Server, people: tuple[Person, Person], session_id: str) -> list[Socket]:
    """Let both people join; return their sockets, which stand for open pages."""
    return [quietly.open_page(server, person, session_id) for person in people]
