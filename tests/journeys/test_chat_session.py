"""A paid chat session in two browsers, from the intake to the dashboard."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest
from playwright.sync_api import Route, expect

from tests.journeys import staging
from tests.journeys.conftest import Crowd, Watch
from tests.journeys.lines import Line
from tests.journeys.people import Customer, Mechanic
from tests.journeys.shared import Come, ComeMechanic, Pair
from tests.journeys.test_summary import TEXTS, Desk
from tests.kit.server import Person as SignedIn
from tests.kit.server import Server
from tests.kit.time_travel import pass_time

MINUTE = 60


class Talk(NamedTuple):
    customer: Customer
    mechanic: SignedIn
    leave: Callable[[], None]  # the mechanic goes without a word


@pytest.fixture
def talk(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> Pair:
    """Two people in a paid, live session."""
    customer, mechanic = a_customer(), a_mechanic()
    staging.live(server, customer, mechanic)
    return customer, mechanic


@pytest.fixture
def alone(server: Server, crowd: Crowd, a_customer: Come) -> Iterator[Talk]:
    """Like `talk`, without a browser for the mechanic."""
    customer, mechanic = a_customer(), crowd.mechanic()
    with ExitStack() as stack:
        stack.enter_context(staging.live_for(server, customer, mechanic))
        yield Talk(customer, mechanic, stack.close)


def test_signing_out_in_one_tab_hides_the_others_and_deletes_typed_messages(alone: Talk, watch: Watch) -> None:
    page = alone.customer.page
    alone.customer.says("My secret address")
    page.get_by_label("Message", exact=True).fill("a draft for nobody else")
    other = page.context.new_page()
    other.goto("/dashboard/")
    other.get_by_label("Your account").click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("/")
    expect(page.get_by_role("heading", name="You are signed out.")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", re.compile(r"\?next=%2Fsessions%2F"))
    assert "secret address" not in page.content()
    for tab in (page, other):
        kept = tab.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })")
        assert "draft for nobody" not in kept
        assert "secret" not in kept


def test_signing_out_leads_to_the_start_page_although_the_lists_lose_their_line_before_it_comes(
    server: Server, a_customer: Come
) -> None:
    page = a_customer().page
    with page.expect_websocket(lambda socket: socket.url.endswith("/ws/feed")) as lists:
        page.goto("/dashboard/")

    def answer_late(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        if not lists.value.is_closed():
            lists.value.wait_for_event("close")
        route.fulfill(response=answer)

    page.route("**/sign-out/", answer_late)
    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{server.url}/")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_the_back_button_asks_before_it_leaves_a_session(alone: Talk) -> None:
    page = alone.customer.page
    address = page.url
    for answer in ("Stay in the session", "Leave this page"):
        page.go_back()
        dialog = page.get_by_role("dialog", name="Leave the session?")
        expect(dialog).to_be_visible()
        assert page.url == address
        dialog.get_by_text(answer).click()
        expect(dialog).to_be_hidden()
    expect(page).to_have_url(re.compile("/dashboard/$"))


def test_a_typed_message_outlives_its_tab(alone: Talk) -> None:
    page = alone.customer.page
    page.get_by_label("Message", exact=True).fill("half a sent")
    address = page.url
    page.close()
    again = alone.customer.page.context.new_page()
    again.goto(address)
    expect(again.get_by_label("Message", exact=True)).to_have_value("half a sent")


def test_a_chat_session_goes_from_the_intake_to_the_summary(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer = a_customer().books()
    mechanic = a_mechanic().waits_for_requests().accepts(customer.session_id)
    customer.sees("has accepted").joins()
    mechanic.joins().starts()
    customer.is_live()
    expect(customer.page.locator("session-clock")).to_have_text(re.compile(r"^\s*(29|30):\d\d\s*$"))
    _they_talk(customer, mechanic)
    session_id = customer.session_id
    _the_time_runs_out(server, session_id, customer, mechanic)
    _the_customer_looks_back(session_id, customer)
    desk = Desk(mechanic, session_id).opens().writes().says_how_safe_it_is().sends()
    mechanic.sees("was sent to the customer")
    customer.page.goto(desk.address)
    customer.sees("Drive with care").sees(TEXTS["Findings"])


def _they_talk(customer: Customer, mechanic: Mechanic) -> None:
    customer.says("Good morning, it rattles")
    mechanic.reads("Good morning, it rattles").says("Does it change with the engine's speed? See https://example.com/x")
    customer.reads("Does it change")
    link = customer.page.get_by_role("link", name="https://example.com/x")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    for person in (customer, mechanic):
        person.page.reload()
        person.reads("Good morning, it rattles").reads("Does it change")
    customer.says("Yes, with the wheels")
    mechanic.reads("Yes, with the wheels")


def _the_time_runs_out(server: Server, session_id: str, customer: Customer, mechanic: Mechanic) -> None:
    pass_time(server, session_id, 29 * MINUTE - 5)
    customer.sees("1 minute left")
    pass_time(server, session_id, MINUTE - 10)
    customer.is_shown_the_end().sees("The time is up").sees("$9.99")
    mechanic.is_shown_the_end().sees("$6.99")
    customer.comes_to_the_dashboard().sees("$9.99 charged")
    mechanic.comes_to_the_summary().page.goto("/dashboard/")
    mechanic.sees("Summaries to write").sees("You earn $6.99")


def _the_customer_looks_back(session_id: str, customer: Customer) -> None:
    customer.page.go_back()
    customer.is_shown_the_end()
    for label in ("Join Session", "End Session", "Send"):
        expect(customer.button(label)).to_be_hidden()
    customer.page.goto(f"/sessions/{session_id}/transcript/")
    customer.sees("Good morning, it rattles").sees("Yes, with the wheels")


def test_the_last_minutes_of_a_session_are_announced(server: Server, talk: Pair) -> None:
    customer, _mechanic = talk
    pass_time(server, customer.session_id, 25 * MINUTE)
    for person in talk:
        person.sees("5 minutes left").hears(re.compile("5 minutes"))
        expect(person.page.locator("session-clock")).to_have_class(re.compile("countdown--warn"))
    pass_time(server, customer.session_id, 4 * MINUTE)
    for person in talk:
        person.sees("1 minute left").hears(re.compile("1 minute"))
        expect(person.page.locator("session-clock")).to_have_class(re.compile("countdown--last"))


def test_the_clock_pauses_while_the_mechanic_is_missing(talk: Pair) -> None:
    customer, mechanic = talk
    session_id = customer.session_id
    mechanic.page.goto("about:blank")
    customer.sees("The clock is paused, so waiting is free")
    clock = customer.page.locator("session-clock")
    expect(clock).to_have_class(re.compile("countdown--paused"))

    mechanic.goes_to(session_id)
    customer.sees_no_more("The clock is paused, so waiting is free")
    expect(clock).not_to_have_class(re.compile("countdown--paused"))
    mechanic.says("Sorry, back again")
    customer.reads("Sorry, back again").ends().is_shown_the_end().sees("You ended the session")


def test_a_mechanic_who_stays_away_ends_the_session_at_the_used_share(server: Server, alone: Talk) -> None:
    customer = alone.customer
    alone.leave()
    customer.sees("The clock is paused")
    pass_time(server, customer.session_id, MINUTE)
    customer.sees("end the session now and pay only for")
    pass_time(server, customer.session_id, 5 * MINUTE)
    customer.is_shown_the_end().sees("your mechanic’s connection was lost").sees("Released")


def test_a_typed_message_survives_a_reload_of_the_room(talk: Pair) -> None:
    customer, mechanic = talk
    customer.types("It happens when I brake and")
    expect(mechanic.page.get_by_text("The customer is typing")).to_be_visible()
    customer.page.reload()
    expect(customer.page.get_by_label("Message", exact=True)).to_have_value("It happens when I brake and")
    customer.says("It happens when I brake")
    mechanic.reads("It happens when I brake")


def test_an_offline_message_is_delivered_after_reconnecting(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    line = Line(customer.page)
    staging.live(server, customer, mechanic)
    line.cut()
    customer.sees("You are not connected.").sends("Are you still there?")
    expect(customer.bubble("Are you still there?")).to_have_attribute("data-delivery", "sending")
    mechanic.says("Your line is gone, I wait")

    line.mend()
    customer.retries().sees_no_more("You are not connected.").reads("Your line is gone, I wait")
    expect(customer.bubble("Are you still there?")).to_have_attribute("data-delivery", "sent")
    expect(customer.bubble("Are you still there?")).to_have_count(1)
    expect(mechanic.reads("Are you still there?").bubble("Are you still there?")).to_have_count(1)


@pytest.mark.parametrize(("answer", "charged"), [("Yes, solved", True), ("No, not solved", False)])
def test_a_mechanic_ends_early_and_the_customer_says_whether_it_is_solved(
    server: Server, talk: Pair, answer: str, charged: bool
) -> None:
    customer, mechanic = talk
    pass_time(server, customer.session_id, 15 * MINUTE)
    mechanic.ends().is_shown_the_end().sees("We ask your customer")
    customer.is_shown_the_end().sees("Is your problem solved?")
    customer.button(re.compile(f"^{answer}")).click()
    customer.sees_no_more("Is your problem solved?")
    total = customer.page.locator(".receipt__total")
    expect(total).to_have_text(re.compile(r"\$9\.99" if charged else r"\$[45]\.\d\d"))
    expect(customer.page.get_by_text("Released", exact=True)).to_have_count(0 if charged else 1)
