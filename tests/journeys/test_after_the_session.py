"""After the session, on a phone: the shopping list, words for the workshop, the free question, and the follow-up."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import DESKTOP, PHONE, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server
from tests.kit.time_travel import pass_time

SUMMARY = {
    "findings": "The minus clamp is covered in white crust.",
    "steps": "Cleaned the clamp with hot water and a brush.",
    "next_steps": "Replace the clamp within two weeks.",
    "safe": "care",
    "safe_why": "It may not start again once it is switched off.",
    "parts": [
        {"name": "Battery clamp, negative", "number": "VOL-31346572", "quantity": 1, "price_cents": 1450},
        {"name": "Terminal grease", "quantity": 2, "price_cents": 345},
        {"name": "Ground strap", "number": "30659912", "quantity": 1},
    ],
}
A_WEEK = 7 * 24 * 60 * 60
ASKED, ANSWERED = "Is it the clamp on the left?", "Yes, the one with the black cable."
SHARES = "navigator.share = (given) => { window.shared = given; return Promise.resolve(); }"
COPIES = "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"


@pytest.fixture
def people(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> tuple[Customer, Mechanic, str]:
    """A session with a summary, and a phone and a desk before it."""
    customer, mechanic = a_customer(viewport=PHONE), a_mechanic(viewport=DESKTOP)
    session_id = staging.over(server, customer.who, mechanic.who)
    answer = quietly.client(server, mechanic.who).post(f"/api/sessions/{session_id}/summary", json=SUMMARY)
    assert answer.status_code == 201, answer.text
    return customer, mechanic, session_id


def left(page: Page, words: str) -> None:
    expect(page.locator("[data-left]")).to_have_text(words)


def test_a_customer_shops_shares_and_asks_and_the_mechanic_answers(
    server: Server, people: tuple[Customer, Mechanic, str], watch: Watch
) -> None:
    customer, mechanic, session_id = people
    mechanic.page.goto("/dashboard/")
    expect(mechanic.page.get_by_role("heading", name="Questions to answer")).to_have_count(0)
    _shops_and_shares(customer, session_id, watch)
    _asks(customer, session_id)
    _answers(mechanic)
    customer.reads(ANSWERED)  # the open page is told
    inspect(customer.page, "question-answered")
    customer.page.goto(f"/sessions/{session_id}/")
    customer.reads(ANSWERED)
    inspect(customer.page, "ended-with-question")
    pass_time(server, session_id, A_WEEK)
    _says_that_it_did_not_hold(customer)


def _shops_and_shares(customer: Customer, session_id: str, watch: Watch) -> None:
    page = customer.page
    page.add_init_script(f"{SHARES}; {COPIES}")
    page.goto(f"/sessions/{session_id}/summary/")
    page.get_by_role("link", name="Parts and workshop").click()
    left(page, "3 of 3 parts to buy, about $21.40")
    page.get_by_role("button", name="Battery clamp").click()
    left(page, "2 of 3 parts to buy, about $6.90")
    inspect(page, "workshop")
    _ticks_without_reception(customer, watch)
    page.get_by_role("button", name="Share").click()
    assert "Replace the clamp within two weeks." in page.evaluate("window.shared.text")
    page.get_by_role("button", name="Copy").click()
    customer.sees("Copied.")
    assert page.evaluate("window.copied") == page.evaluate("window.shared.text")


def _ticks_without_reception(customer: Customer, watch: Watch) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED")
    page = customer.goes_offline().page
    page.get_by_role("button", name="Terminal grease").click()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    expect(page.get_by_role("button", name="Terminal grease")).to_have_attribute("aria-pressed", "true")
    page.context.set_offline(False)
    left(page, "1 of 3 parts to buy")
    expect(page.get_by_text("Not saved yet")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", pressed=True)).to_have_count(2)


def _asks(customer: Customer, session_id: str) -> None:
    page = customer.page
    page.goto(f"/sessions/{session_id}/")
    page.get_by_role("link", name="Ask for free").click()
    expect(page.locator("kept-text:defined")).to_be_attached()
    page.get_by_label("Your question").fill("Typed, and")
    page.reload()
    expect(page.get_by_label("Your question")).to_have_value("Typed, and")  # nothing that was typed is lost
    page.get_by_label("Your question").fill(ASKED)
    inspect(page, "question-ask")
    page.get_by_role("button", name="Ask for free").click()
    customer.sees("has been notified")


def _answers(mechanic: Mechanic) -> None:
    """The dashboard was open all the time."""
    page = mechanic.page
    page.get_by_role("link", name="has a question").click()
    mechanic.reads(ASKED)
    page.get_by_label("Your answer").fill(ANSWERED)
    inspect(page, "question-answer")
    mechanic.button("Send the answer").click()
    mechanic.reads(ANSWERED)
    expect(page.get_by_label("Your answer")).to_have_count(0)


def _says_that_it_did_not_hold(customer: Customer) -> None:
    page = customer.page
    page.goto("/dashboard/")
    customer.sees("Did the repair hold?")
    inspect(page, "dashboard-follow-up")
    page.get_by_role("button", name="No, the problem is back").click()
    expect(page.get_by_role("link", name="Book again")).to_be_visible()
    inspect(page, "follow-up-no")
