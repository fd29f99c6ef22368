"""A customer's garage on a phone, and a stranger with a link for a workshop."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import Crowd, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer
from tests.kit.server import Server
from tests.kit.waiting import until

STEP = "Replace the clamp within two weeks."
SUMMARY = {
    "findings": "The minus clamp is covered in white crust.",
    "steps": "Cleaned the clamp and tightened it.",
    "next_steps": f"{STEP}\nMeasure the voltage at rest.",
    "safe": "care",
    "safe_why": "It may not start again.",
    "parts": [{"name": "Battery clamp", "number": "31346572", "quantity": 1, "price_cents": 1450}],
}
VEHICLE = {"year": 2014, "make": "Volvo", "model": "V60", "mileage": 84_000}


def concluded(server: Server, customer: Customer, crowd: Crowd) -> None:
    """A session about the car is over, and its summary is written and taken into the garage."""
    mechanic = crowd.mechanic()
    session_id = staging.over(server, customer.who, mechanic, vehicle=VEHICLE)
    answer = quietly.client(server, mechanic).post(f"/api/sessions/{session_id}/summary", json=SUMMARY)
    assert answer.status_code == 201, answer.text
    until(lambda: bool(server.sql("SELECT 1 FROM garage_advice WHERE words = %s", STEP)))


def test_a_customer_keeps_a_car_and_shares_it_with_a_workshop(
    server: Server, crowd: Crowd, a_customer: Callable[..., Customer], browser_of: Callable[..., Page], watch: Watch
) -> None:
    customer = a_customer()
    concluded(server, customer, crowd)
    comes_to_the_car(customer)
    ticks_off(customer)
    writes_down_the_mileage(customer)
    begins_to_ask(customer)
    address = makes_a_link(customer)

    workshop = browser_of(None)
    workshop.goto(address)
    expect(workshop.get_by_role("heading", name="2014 Volvo V60")).to_be_visible()
    expect(workshop.get_by_text(STEP).first).to_be_visible()
    assert "14.50" not in workshop.content()
    assert workshop.context.cookies() == []
    inspect(workshop, "shared-car")

    revokes(customer)
    watch.allow("status of 404")
    answer = workshop.goto(address)
    assert answer
    assert answer.status == 404


def comes_to_the_car(customer: Customer) -> None:
    page = customer.page
    page.goto("/dashboard/")
    page.get_by_role("main").get_by_role("link", name="Your garage").click()
    customer.sees("3 things to do")
    inspect(page, "garage")
    page.get_by_role("link", name="2014 Volvo V60").click()
    customer.sees("Drive with care").sees("$14.50").sees("Quick Chat").sees("84,000")
    inspect(page, "car")
    page.get_by_role("link", name="Is an earlier session missing?").click()
    customer.sees("No session is left over")
    inspect(page, "earlier-sessions")
    page.go_back()


def ticks_off(customer: Customer) -> None:
    page = customer.page
    customer.button(f"Done: {STEP}").click()
    page.get_by_text("Done lately").click()
    expect(customer.button(f"Done: {STEP}")).to_have_count(0)
    customer.button(f"Not done after all: {STEP}").click()
    expect(customer.button(f"Done: {STEP}")).to_be_visible()


def writes_down_the_mileage(customer: Customer) -> None:
    page = customer.page
    page.get_by_label("Mileage now").fill("85,500")
    customer.button("Save mileage").click()
    customer.sees("From 84,000 on")
    expect(page.locator(".chart__line")).to_be_attached()
    inspect(page, "car-with-mileage")


def begins_to_ask(customer: Customer) -> None:
    page = customer.page
    page.get_by_role("link", name="Ask about this car").click()
    expect(page.get_by_role("radio", name="2014 Volvo V60")).to_be_checked()
    page.go_back()


def makes_a_link(customer: Customer) -> str:
    """Return its address."""
    page = customer.page
    page.get_by_role("link", name="Share with a workshop").click()
    inspect(page, "share-car")
    page.get_by_role("radio", name="1 day").check()
    customer.button("Make the link").click()
    customer.sees("Your link is ready")
    inspect(page, "made-link")
    return page.get_by_label("The link", exact=True).input_value()


def revokes(customer: Customer) -> None:
    customer.page.get_by_role("link", name="Your links").click()
    customer.sees(re.compile("last opened"))
    customer.button("Revoke").click()
    customer.sees("The link does not work any more.")
