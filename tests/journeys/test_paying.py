"""The payment page: every button, and the state of the booking afterwards."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys import quietly
from tests.journeys.people import CONCERN, Customer
from tests.kit.server import Server

Come = Callable[..., Customer]


def at_the_cashier(server: Server, customer: Customer) -> Customer:
    _, checkout_url = quietly.draft(server, customer.who)
    customer.page.goto(checkout_url)
    return customer


def stop_quietly(server: Server, customer: Customer) -> None:
    """Cancel the request, so that it leaves the queue."""
    quietly.act(server, customer.who, customer.session_id, "cancel")


def test_a_booking_is_paid_after_a_declined_card(server: Server, a_customer: Come) -> None:
    customer = at_the_cashier(server, a_customer())
    customer.button("Decline").click()
    expect(customer.page.get_by_role("alert")).to_contain_text("declined")
    stop_quietly(server, customer.pays())


def test_a_booking_is_paid_after_authentication_by_the_bank(server: Server, a_customer: Come) -> None:
    customer = at_the_cashier(server, a_customer())
    customer.button("Authenticate").click()
    customer.button("Fail").click()
    expect(customer.page.get_by_role("alert")).to_be_visible()
    customer.button("Authenticate").click()
    customer.button("Approve").click()
    stop_quietly(server, customer.waits_for_a_mechanic())


def test_a_booking_whose_checkout_was_left_can_be_paid_later(server: Server, a_customer: Come) -> None:
    customer = at_the_cashier(server, a_customer())
    customer.button("Leave").click()
    expect(customer.page).to_have_url(re.compile(r"/sessions/[0-9a-f-]{36}/\?checkout=cancelled"))
    customer.sees(CONCERN).button("Continue to payment").click()
    stop_quietly(server, customer.pays())


def test_an_open_session_warns_before_a_second_booking(server: Server, a_customer: Come) -> None:
    customer = a_customer()
    first = quietly.request(server, customer.who)
    customer.fills_the_intake().sees("You have a session open")
    expect(customer.page.get_by_role("link", name="Go to your session")).to_have_attribute("href", re.compile(first))
    customer.button("Book a second session").click()
    customer.pays()
    assert customer.session_id != first
    stop_quietly(server, customer)
    quietly.act(server, customer.who, first, "cancel")


def test_a_draft_is_paid_from_the_dashboard(server: Server, a_customer: Come) -> None:
    customer = a_customer()
    quietly.draft(server, customer.who)
    customer.page.goto("/dashboard/")
    customer.sees("This booking is not paid yet").button(re.compile(r"^Continue to pay \$9\.99")).click()
    stop_quietly(server, customer.pays())
