"""From the queue to the start: acceptances, no-shows, changes of mind."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import quietly
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until

MINUTE = 60
Come = Callable[..., Customer]
ComeMechanic = Callable[..., Mechanic]
GIVEN_BACK = re.compile("goes to another mechanic")


def test_two_mechanics_accept_at_once_and_one_gets_it(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer = a_customer()
    session_id = quietly.request(server, customer.who)
    customer.goes_to(session_id)
    mechanics = [a_mechanic().waits_for_requests() for _ in range(2)]
    for mechanic in mechanics:
        expect(mechanic.request(session_id)).to_be_visible()
        hold_back_news(mechanic.page)

    for mechanic in mechanics:
        mechanic.page.evaluate(
            "id => setTimeout(() => document.querySelector(`[data-request='${id}'] button`).click(), 500)", session_id
        )
    for mechanic in mechanics:
        expect(mechanic.page).to_have_url(re.compile("/sessions/|/dashboard/$"))
    won = [m for m in mechanics if is_taken_by(m, session_id)]
    lost = [m for m in mechanics if m not in won]
    assert (len(won), len(lost)) == (1, 1)
    lost[0].sees(re.compile("another mechanic|already", re.IGNORECASE))
    customer.sees("has accepted")
    customer.stops(re.compile(r"^Cancel \(")).is_shown_the_end()


def hold_back_news(page: Page) -> None:
    """Block updates of the page, like a slow connection, so that its button is outdated."""
    page.route("**/dashboard/queue/", lambda route: None)


def is_taken_by(mechanic: Mechanic, session_id: str) -> bool:
    taken = mechanic.button("Join Session")
    refused = mechanic.page.locator("[role=alert], .toast").filter(visible=True)
    expect(taken.or_(refused).first).to_be_visible()
    return taken.is_visible()


def test_stopping_before_acceptance_releases_the_hold(server: Server, a_customer: Come) -> None:
    customer = a_customer()
    session_id = quietly.request(server, customer.who)
    customer.goes_to(session_id).sees("Looking for your mechanic")
    customer.stops().is_shown_the_end().sees("Released")
    state = f"SELECT state FROM payments_payment WHERE owner_id = '{session_id.replace('-', '')}'"
    until(lambda: server.sql(state) == [("released",)])
    letters = customer.page.locator(".row", has_text=customer.who.email)
    until(lambda: bool(customer.page.goto("/outbox/")) and letters.count() == 3)
    # Mails are sent in parallel: two mails of one moment arrive in any order.
    for subject in (
        "Your receipt: nothing was charged",
        "Your session did not take place",
        "We are finding you a mechanic",
    ):
        expect(letters.filter(has_text=subject)).to_have_count(1)


def test_a_mechanic_who_never_joins_is_replaced(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> None:
    customer, absent = a_customer(), a_mechanic()
    session_id = quietly.request(server, customer.who)
    customer.goes_to(session_id)
    quietly.accept(server, absent.who, session_id)
    customer.sees("has accepted")
    pass_time(server, session_id, 3 * MINUTE)
    nudged = "SELECT audience FROM autodoctor_sessions_sessionevent WHERE rule = 'mechanic.nudge' AND session_id = %s"
    until(lambda: server.sql(nudged, session_id.replace("-", "")) == [("mechanic",)])
    nudges = customer.page.locator(".row", has_text=absent.who.email).filter(has_text="Your customer is waiting")
    until(lambda: bool(customer.page.goto("/outbox/")) and nudges.count() == 1)
    customer.goes_to(session_id)
    pass_time(server, session_id, 2 * MINUTE)
    customer.sees("Your request is at the front of the queue").sees("Nothing has been charged")

    other = a_mechanic().waits_for_requests().accepts(session_id)
    customer.sees("has accepted").joins()
    other.joins().starts()
    customer.is_live().says("Here you are")
    other.reads("Here you are").ends()
    absent.waits_for_requests().sees("You are not taking sessions")


def test_the_mechanic_gives_a_request_back_with_a_reason(
    server: Server, a_customer: Come, a_mechanic: ComeMechanic
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = quietly.request(server, customer.who)
    customer.goes_to(session_id)
    quietly.accept(server, mechanic.who, session_id)
    mechanic.goes_to(session_id).button("Give request back").click()
    mechanic.page.get_by_label("Why?").select_option("This is not my field")
    mechanic.confirms("Give request back").sees(GIVEN_BACK)
    expect(mechanic.button("Accept")).to_have_count(0)
    customer.sees("Your mechanic could not continue")
    mechanic.waits_for_requests()
    expect(mechanic.request(session_id)).to_have_count(0)
    customer.stops().is_shown_the_end().sees("Released")


def test_the_customer_asks_for_another_mechanic(server: Server, a_customer: Come, a_mechanic: ComeMechanic) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = quietly.request(server, customer.who)
    quietly.accept(server, mechanic.who, session_id)
    mechanic.goes_to(session_id)
    customer.goes_to(session_id).button("Another mechanic").click()
    customer.page.get_by_label("Why?").select_option("The mechanic does not join")
    customer.confirms("Ask for another mechanic").sees("Looking for your mechanic")
    mechanic.sees(GIVEN_BACK)

    other = a_mechanic().waits_for_requests().accepts(session_id)
    customer.sees("has accepted")
    other.joins()
    pass_time(server, session_id, 2 * MINUTE)
    customer.goes_to(session_id).stops(re.compile(r"^Cancel \(costs \$")).is_shown_the_end().sees("Charged")


def test_a_customer_who_waits_long_is_asked_and_nobody_accepts(server: Server, a_customer: Come) -> None:
    customer = a_customer()
    session_id = quietly.request(server, customer.who)
    pass_time(server, session_id, 10 * MINUTE)
    customer.goes_to(session_id).sees("this is taking too long")
    pass_time(server, session_id, 10 * MINUTE)
    customer.is_shown_the_end().sees("no mechanic was free").sees("Released")
