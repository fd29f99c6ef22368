"""Two people in two browsers: a paid chat session from the intake to the dashboard."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fakes.server import Server, running
from tests.journeys.people import Customer, Mechanic

OpenPage = Callable[..., Page]
SHORT_PLAN = "from autodoctor.booking.models import Plan; from datetime import timedelta; "


@pytest.fixture
def short_server() -> Iterator[Server]:
    """Twenty seconds of chat for the price of thirty minutes."""
    with running() as server:
        server.shell(SHORT_PLAN + "Plan.objects.filter(slug='chat').update(duration=timedelta(seconds=20))")
        yield server


@pytest.fixture
def strict_server() -> Iterator[Server]:
    """A mechanic must come within seconds."""
    with running(deadlines={"mechanic_absent": 6, "mechanic_not_in": 60, "missing_grace": 2}) as server:
        yield server


def test_from_the_intake_to_the_end(short_server: Server, browser_of: OpenPage) -> None:
    customer = Customer(browser_of("customer@example.com", server=short_server)).books()
    mechanic = Mechanic(browser_of("mechanic@example.com", server=short_server)).waits_for_requests()
    mechanic.accepts(customer.session_id)
    customer.sees("has accepted").joins()
    mechanic.joins().starts()
    expect(customer.page.locator("session-clock")).to_have_text(re.compile(r"^0?0:[01]\d$"))
    customer.says("Good morning, it rattles")
    mechanic.reads("Good morning, it rattles").says("Does it change with the engine's speed? See https://example.com/x")
    customer.reads("Does it change")
    link = customer.page.get_by_role("link", name="https://example.com/x")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    customer.page.reload()
    customer.reads("Good morning, it rattles").reads("Does it change").says("Yes, with the wheels")
    mechanic.reads("Yes, with the wheels")
    customer.is_shown_the_end()
    mechanic.is_shown_the_end()
    customer.sees("$9.99")
    customer.comes_to_the_dashboard()
    mechanic.comes_to_the_dashboard()
    customer.page.go_back()
    customer.is_shown_the_end()
    expect(customer.button("End Session")).to_have_count(0)
    customer.page.goto(f"/sessions/{customer.session_id}/transcript/")
    customer.sees("Good morning, it rattles")


def test_two_mechanics_accept_at_once_and_one_gets_it(server: Server, browser_of: OpenPage) -> None:
    customer = Customer(browser_of("customer@example.com")).books()
    first = Mechanic(browser_of("mechanic@example.com")).waits_for_requests()
    second = Mechanic(browser_of("mechanic2@example.com")).waits_for_requests()
    id_ = customer.session_id
    row = f"[data-request='{id_}'] button"
    expect(second.page.locator(row)).to_be_visible()
    second.page.route("**/ws/feed", lambda route: route.abort())  # too late to hear that it is gone
    pressed = second.page.locator(row).element_handle()
    assert pressed is not None
    first.accepts(id_)
    answer = second.page.request.post(
        f"/api/sessions/{id_}/accept",
        headers={"X-CSRFToken": next(c["value"] for c in second.page.context.cookies() if c["name"] == "csrftoken")},
    )
    assert (answer.status, answer.json()["error"]) == (409, "already_taken")
    expect(second.page.locator(row)).to_have_count(0)
    customer.sees("has accepted")
    customer.stops(re.compile("^Stop")).is_shown_the_end()


def test_declined_then_paid(server: Server, browser_of: OpenPage) -> None:
    customer = Customer(browser_of("customer@example.com")).fills_the_intake().goes_to_payment()
    customer.button("Decline").click()
    expect(customer.page.get_by_role("alert")).to_contain_text("declined")
    customer.pays().stops("Stop waiting").is_shown_the_end()


def test_left_checkout_nothing_is_lost_and_it_can_be_paid_later(server: Server, browser_of: OpenPage) -> None:
    customer = Customer(browser_of("customer@example.com")).fills_the_intake().goes_to_payment()
    customer.button("Leave").click()
    expect(customer.page).to_have_url(re.compile(r"/sessions/[0-9a-f-]{36}/\?checkout=cancelled"))
    customer.button(re.compile("pay", re.IGNORECASE)).first.click()
    customer.pays().stops("Stop waiting").is_shown_the_end()


def test_stopping_before_acceptance_releases_the_hold(server: Server, browser_of: OpenPage) -> None:
    customer = Customer(browser_of("customer@example.com")).books()
    id_ = customer.session_id
    customer.stops("Stop waiting").is_shown_the_end().sees(re.compile("released", re.IGNORECASE))
    customer.page.goto("/outbox/")
    customer.sees("Your session did not take place")
    state = f"SELECT state FROM payments_payment WHERE owner_id = '{id_.replace('-', '')}'"
    until(lambda: server.sql(state) == [("released",)])


def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens outside any page."""
    import time

    limit = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_mechanic_who_never_comes_is_replaced(strict_server: Server, browser_of: OpenPage) -> None:
    customer = Customer(browser_of("customer@example.com", server=strict_server)).books()
    id_ = customer.session_id
    absent = Mechanic(browser_of("mechanic@example.com", server=strict_server)).waits_for_requests().accepts(id_)
    absent.page.goto("/")
    customer.sees("has accepted").sees("You are at the front of the queue")
    other = Mechanic(browser_of("mechanic2@example.com", server=strict_server)).waits_for_requests().accepts(id_)
    customer.sees("has accepted").joins()
    other.joins().starts()
    customer.says("Here you are")
    other.reads("Here you are").ends()
    customer.is_shown_the_end().button(re.compile("No, not solved")).click()
    customer.sees(re.compile("time used|charged", re.IGNORECASE))


def test_the_mechanic_drops_the_clock_pauses_and_goes_on(server: Server, browser_of: OpenPage) -> None:
    customer = Customer(browser_of("customer2@example.com")).books()
    mechanic = Mechanic(browser_of("mechanic2@example.com")).waits_for_requests().accepts(customer.session_id)
    customer.sees("has accepted").joins()
    mechanic.joins().starts()
    address = mechanic.page.url
    mechanic.page.goto("about:blank")
    customer.sees("The clock is paused, so waiting costs you nothing")
    mechanic.page.goto(address)
    expect(customer.page.get_by_text("The clock is paused, so waiting costs you nothing")).to_have_count(0)
    mechanic.says("Sorry, back again")
    customer.reads("Sorry, back again").ends().is_shown_the_end()
