"""Trouble codes: typed into the intake on a phone, explained at once, and there for the mechanic."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from autodoctor.trouble_codes.tests.scripted_adapter import INSTALL, scene
from tests.journeys import quietly, staging
from tests.journeys.conftest import Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.kit.server import Server
from tests.kit.waiting import until

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
    until(lambda: cards(customer.page) == CODES)
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


@pytest.fixture
def summary(server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]) -> Page:
    """The form of a summary on a phone, after a session with two codes."""
    mechanic = a_mechanic()
    mechanic.page.set_viewport_size({"width": 360, "height": 640})
    session_id = staging.over(server, a_customer().who, mechanic.who, codes="P0301, p0420")
    mechanic.page.goto(f"/sessions/{session_id}/summary/")
    return mechanic.page


def test_one_tap_puts_a_code_into_the_summary_and_another_takes_it_out(summary: Page) -> None:
    findings = summary.get_by_label("Findings", exact=True)
    misfire, catalyst = (summary.get_by_role("button", name=code) for code in ("P0301", "P0420"))
    findings.press_sequentially("It shakes.")
    misfire.click()
    expect(findings).to_have_value("It shakes.\nP0301: Misfire in cylinder 1")
    expect(misfire).to_have_attribute("aria-pressed", "true")
    expect(misfire).to_be_focused()
    misfire.click()
    expect(findings).to_have_value("It shakes.")
    misfire.click()
    findings.press("Control+z")  # as if it had been typed
    expect(findings).to_have_value("It shakes.")
    expect(misfire).to_have_attribute("aria-pressed", "false")

    catalyst.click()
    findings.press("Control+End")
    findings.press_sequentially(", and p0301 is gone.")
    expect(misfire).to_have_attribute("aria-pressed", "true")
    for button in (catalyst, misfire):  # in the mechanic's own words: shown, neither doubled nor lost
        button.click()
    whole = "It shakes.\nP0420: Catalytic converter cleans too little, bank 1, and p0301 is gone."
    expect(findings).to_have_value(whole)
    assert summary.evaluate("findings.value.slice(findings.selectionStart, findings.selectionEnd)") == "p0301"
    expect(summary.locator("[data-state=saved]")).to_be_attached()
    assert fits(summary)
    inspect(summary, "summary-trouble-codes")


def test_a_code_in_a_kept_summary_is_pressed_whoever_has_kept_it(summary: Page, watch: Watch) -> None:
    watch.allow("ERR_FAILED")
    findings, misfire = summary.get_by_label("Findings", exact=True), summary.get_by_role("button", name="P0301")
    misfire.click()
    expect(summary.locator("[data-state=saved]")).to_be_attached()
    summary.reload()
    expect(misfire).to_have_attribute("aria-pressed", "true")
    misfire.click()
    expect(findings).to_have_value("")
    expect(summary.locator("[data-state=saved]")).to_be_attached()

    summary.route(re.compile("/draft/$"), lambda route: route.abort())
    misfire.click()
    expect(summary.locator("[data-state]")).to_contain_text("Not saved yet")
    summary.reload()  # this device has kept it
    expect(findings).to_have_value("P0301: Misfire in cylinder 1")
    expect(misfire).to_have_attribute("aria-pressed", "true")


def test_an_adapter_in_the_car_fills_the_field(server: Server, a_customer: Callable[..., Customer]) -> None:
    """A scripted one: no machine of the tests has Bluetooth."""
    customer = a_customer()
    page = customer.page
    page.set_viewport_size({"width": 360, "height": 640})
    stored = {"03": "SEARCHING...\r00A\r0:430401010302\r1:03030304000000\r\r>"}
    page.add_init_script(f"({INSTALL})({json.dumps(scene(stored))})")
    field = customer.fills_the_intake().page.get_by_label("Trouble codes, if you have them")
    field.fill("U0100")
    customer.button("Read them from the car").click()
    expect(field).to_have_value("U0100 P0101 P0302 P0303 P0304")
    customer.sees("Done. The codes are in the field above.").sees("Misfire in cylinder 2")
    assert page.evaluate("car.isOpen") is False
    assert fits(page)
    inspect(page, "intake-adapter")
