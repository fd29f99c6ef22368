"""Trouble codes: typed into the intake on a phone, explained at once, and there for the mechanic."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.journeys import quietly, staging
from tests.journeys.conftest import Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server

TYPED = "P0301, p0420 U0100-00 P1234"
THIRTEEN = " ".join(f"P03{number:02}" for number in range(13))
CODES = ["P0301", "P0420", "U0100-00", "P1234"]


def cards(page: Page) -> list[str]:
    return page.locator(".code strong").filter(visible=True).all_inner_texts()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize("screen", [{"width": 390, "height": 844}, {"width": 360, "height": 640}], ids=["390", "360"])
def test_codes_of_the_intake_are_cards_for_both(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic], screen: ViewportSize
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    for person in (customer, mechanic):
        person.page.set_viewport_size(screen)
    field = customer.fills_the_intake().page.get_by_label("Trouble codes, if you have them")
    field.press_sequentially(TYPED)
    customer.sees("Misfire in cylinder 1").sees("Stop driving").sees("We do not know how urgent")
    assert cards(customer.page) == CODES
    assert fits(customer.page)
    expect(field).to_be_focused()

    customer.goes_to_payment().pays()
    assert fits(customer.page)
    request = mechanic.waits_for_requests().request(customer.session_id)
    expect(request.get_by_text("Catalytic converter cleans too little, bank 1")).to_be_visible()
    assert request.locator(".code strong").all_inner_texts() == CODES
    assert fits(mechanic.page)
    mechanic.accepts(customer.session_id)
    quietly.act(server, customer.who, customer.session_id, "cancel")


def test_the_intake_with_trouble_codes_looks_right(
    server: Server, a_customer: Callable[..., Customer], watch: Watch
) -> None:
    watch.allow("status of 422")
    customer = a_customer().fills_the_intake()
    field = customer.page.get_by_label("Trouble codes, if you have them")
    field.fill(TYPED)
    customer.sees("Misfire in cylinder 1")
    inspect(customer.page, "intake-trouble-codes")
    field.fill(THIRTEEN)
    customer.button("Go to payment").click()
    customer.sees("Enter at most 12 codes: the newest ones. Name the others further up.")
    inspect(customer.page, "intake-too-many-trouble-codes")
    expect(field).to_have_value(THIRTEEN)


def test_pages_of_a_session_with_trouble_codes_look_right(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    session_id = quietly.request(server, customer.who, codes=TYPED)
    mechanic.waits_for_requests().sees("Misfire in cylinder 1")
    inspect(mechanic.page, "queue-trouble-codes")
    customer.goes_to(session_id).sees("Looking for your mechanic")
    inspect(customer.page, "request-trouble-codes")
    expect(customer.page.locator("#room-facts .code strong")).to_have_text(CODES)
    quietly.act(server, customer.who, session_id, "cancel")


def test_a_code_in_the_chat_is_a_card_for_both(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> None:
    customer, mechanic = a_customer(), a_mechanic()
    staging.live(server, customer, mechanic)
    for person in (customer, mechanic):
        person.page.set_viewport_size({"width": 360, "height": 640})
    customer.says("It says p0301-00 and P1234.")
    for person in (customer, mechanic):
        expect(person.bubble("It says").locator(".code strong")).to_have_text(["P0301-00", "P1234"])
        person.sees("Misfire in cylinder 1").sees("We do not know how urgent")
        assert fits(person.page)
    mechanic.page.reload()
    expect(mechanic.bubble("It says").locator(".code strong")).to_have_text(["P0301-00", "P1234"])
    mechanic.says("Does it shake?")
    expect(customer.bubble("Does it shake?").locator(".code")).to_have_count(0)
    inspect(mechanic.page, "chat-trouble-codes")
