"""An extension that is paid in the room, with a card that is typed in while the call goes on."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from tests.journeys import calls, staging
from tests.journeys.card_form import ASKS, FUNDS, GOOD, bank_of, fields_of, pays, pays_with_a_card, sheet, types_card
from tests.journeys.conftest import DESKTOP, Watch
from tests.journeys.inspection import inspect
from tests.journeys.people import Customer, Mechanic
from tests.journeys.reach import LAPTOPS, PHONES, State, walk
from tests.journeys.room_states import KEYS
from tests.journeys.test_extend import Pair, bank, extends, has_left
from tests.kit.server import Server
from tests.kit.waiting import until

# What stays within reach while a card is entered: on phones all of the call's keys, too.
FORM = ("[data-act=hide]", "[data-act=pay]", "[form=pay-elsewhere]:not([hidden])")
CARD = (State("card", wanted=FORM + KEYS, screens=PHONES), State("card", wanted=FORM, screens=LAPTOPS))
# Ten seconds of patience for an answer are one.
IMPATIENT = """() => {
  const patient = AbortSignal.timeout;
  AbortSignal.timeout = (wait) => patient.call(AbortSignal, wait / 10);
}"""
SMALL: ViewportSize = {"width": 390, "height": 664}


@pytest.fixture
def talk(server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]) -> Pair:
    """A running chat of thirty minutes; the customer has saved no card."""
    customer, mechanic = a_customer(viewport=SMALL), a_mechanic(viewport=DESKTOP)
    staging.live(server, customer, mechanic)
    return customer, mechanic


def holds(server: Server, customer: Customer) -> list[str]:
    """Return the states of the payments that bought time in this session, and what Stripe holds for them."""
    key = customer.session_id.replace("-", "")
    query = "SELECT state FROM payments_payment WHERE owner_id = %s AND purpose = 'extension'"
    return [state for (state,) in server.sql(query, key)]


def test_a_new_card_extends_the_session_without_leaving_it(server: Server, talk: Pair) -> None:
    customer, mechanic = talk
    customer.button("Extend Session").click()
    customer.sees("You enter your card here.").page.keyboard.press("Escape")
    extends(customer)
    expect(sheet(customer).get_by_role("button", name="Pay $14.99")).to_be_visible()
    mechanic.sees(re.compile("is paying for an extension of 15 minutes"))
    inspect(customer.page, "card-entry")
    pays_with_a_card(customer)
    for person in talk:
        has_left(person, 45)
    expect(sheet(customer)).to_be_hidden()
    assert holds(server, customer) == ["authorised"]


def test_after_a_decline_another_card_pays_and_what_was_typed_is_still_there(
    server: Server, talk: Pair, watch: Watch
) -> None:
    watch.allow("status of 402")  # as Stripe answers its own frame
    customer, _mechanic = talk
    extends(customer)
    pays_with_a_card(customer, FUNDS)
    expect(sheet(customer).get_by_role("alert")).to_have_text(re.compile("insufficient funds"))
    expect(fields_of(customer.page).get_by_label("Card number")).to_have_value(FUNDS)
    inspect(customer.page, "card-entry-declined")
    fields_of(customer.page).get_by_label("Card number").fill(GOOD)
    pays(customer)
    for person in talk:
        has_left(person, 45)
    assert holds(server, customer) == ["authorised"]


def test_the_bank_asks_within_the_page(talk: Pair) -> None:
    customer, _mechanic = talk
    extends(customer)
    pays_with_a_card(customer, ASKS)
    asked = bank_of(customer.page)
    asked.get_by_role("button", name="Fail").click()
    expect(sheet(customer).get_by_role("alert")).not_to_be_empty()
    pays(customer)
    asked.get_by_role("button", name="Approve").click()
    for person in talk:
        has_left(person, 45)


def test_a_call_goes_on_while_a_card_is_entered(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> None:
    customer = a_customer(permissions=calls.DEVICES, viewport=SMALL)
    mechanic = a_mechanic(permissions=calls.DEVICES, viewport=DESKTOP)
    calls.call_of_checked(server, customer, mechanic)
    with calls.as_arranged(customer, mechanic):  # nothing is offered because the picture of a busy machine is poor
        extends(customer)
        types_card(customer, ASKS)
        calls.see_moving_pictures(customer, mechanic)
        assert walk(customer.page, "card-entry-call", CARD) == []
        customer.page.set_viewport_size(SMALL)
        expect(customer.page.locator("video[data-remote]")).to_be_in_viewport(ratio=0.9)
    pays(customer)
    bank_of(customer.page).get_by_role("button", name="Approve").click()
    for person in (customer, mechanic):
        has_left(person, 60)
    calls.see_moving_pictures(customer, mechanic)
    for person in (customer, mechanic):
        assert person.page.evaluate("connections.length") == 1
    assert customer.page.evaluate("performance.getEntriesByType('navigation').length") == 1
    assert "_secret_" not in server.log()


def test_a_script_that_does_not_load_leaves_the_new_tab(server: Server, talk: Pair, watch: Watch) -> None:
    watch.allow("Failed to load resource")
    customer, _mechanic = talk
    customer.page.route("**/stripe/stripe.js", lambda route: route.abort())
    extends(customer)
    customer.sees("The form for your card did not load.")
    inspect(customer.page, "card-entry-failed")
    tab = in_a_new_tab(customer, "Pay in a new tab")
    tab.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    expect(tab.get_by_role("heading", name="Your session is extended")).to_be_visible()
    for person in talk:
        has_left(person, 45)
    expect(sheet(customer)).to_be_hidden()
    assert holds(server, customer) == ["authorised"]


def test_a_form_that_hangs_says_so_and_can_be_tried_again(talk: Pair) -> None:
    customer, _mechanic = talk
    held = held_back(customer.page, "**/stripe/stripe.js")
    customer.page.evaluate(calls.PACE, 10)
    extends(customer)
    customer.sees("The form for your card did not load.")
    customer.page.evaluate(calls.UNHURRIED)
    held[0].continue_()
    sheet(customer).get_by_role("button", name="Try again").click()
    pays_with_a_card(customer)
    has_left(customer, 45)


def test_a_script_that_hangs_for_ever_is_given_up_and_asked_for_anew(talk: Pair) -> None:
    customer, _mechanic = talk
    held = held_back(customer.page, "**/stripe/stripe.js*", times=1)
    customer.page.evaluate(calls.PACE, 10)
    extends(customer)
    customer.sees("The form for your card did not load.")
    expect(sheet(customer).get_by_role("button", name="Pay in a new tab")).to_be_visible()
    customer.page.evaluate(calls.UNHURRIED)
    sheet(customer).get_by_role("button", name="Try again").click()
    pays_with_a_card(customer)
    has_left(customer, 45)
    assert len(held) == 1


def test_an_answer_about_the_card_that_never_comes_is_given_up(talk: Pair) -> None:
    customer, _mechanic = talk
    held_back(customer.page, "**/card", times=1)
    customer.page.evaluate(IMPATIENT)
    extends(customer)
    customer.sees("The form for your card did not load.")
    sheet(customer).get_by_role("button", name="Try again").click()
    pays_with_a_card(customer)
    has_left(customer, 45)


def test_a_payment_of_which_nothing_is_heard_offers_the_new_tab_and_is_charged_once(server: Server, talk: Pair) -> None:
    customer, _mechanic = talk
    extends(customer)
    types_card(customer, GOOD)
    held_back(customer.page, "**/confirm")
    customer.page.evaluate(calls.PACE, 10)
    pays(customer)
    customer.sees("Nothing has come back yet.")
    inspect(customer.page, "card-entry-slow")
    tab = in_a_new_tab(customer, "Pay in a new tab")
    tab.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    has_left(customer, 45)
    expect(sheet(customer)).to_be_hidden()
    assert (holds(server, customer), held_at_stripe(server, customer)) == (["authorised"], 1)


def test_a_reload_in_the_middle_leads_back_to_the_form(server: Server, talk: Pair) -> None:
    customer, mechanic = talk
    extends(customer)
    types_card(customer, GOOD)
    customer.page.reload()
    customer.sees("Enter a card to pay $14.99 for 15 minutes. Your session continues.")
    expect(sheet(customer)).to_be_hidden()
    inspect(customer.page, "card-entry-waits")
    customer.page.locator("#more-time-now").get_by_role("button", name="Enter card").click()
    types_card(customer, GOOD)
    customer.page.keyboard.press("Escape")
    sheet(customer).get_by_role("button", name="Hide").click()
    customer.page.locator("#more-time-now").get_by_role("button", name="Enter card").click()
    expect(fields_of(customer.page).get_by_label("Card number")).to_have_value(GOOD)
    pays(customer)
    for person in (customer, mechanic):
        has_left(person, 45)
    assert holds(server, customer) == ["authorised"]


def test_two_tabs_and_stripes_page_charge_once(server: Server, talk: Pair, watch: Watch) -> None:
    """The same extension: a form in two tabs, and Stripe's page from the second one. What is paid first counts."""
    watch.allow("status of 40[029]")
    customer, mechanic = talk
    other = Customer(customer.page.context.new_page(), customer.who)
    other.goes_to(customer.session_id).is_live()
    extends(customer)
    types_card(customer, GOOD)
    other.page.locator("#more-time-now").get_by_role("button", name="Enter card").click()
    types_card(other, "5555 5555 5555 4444")
    tab = in_a_new_tab(other, "Pay in a new tab")
    expect(tab.get_by_role("button", name=re.compile(r"^Pay \$"))).to_be_visible()
    for page in (customer, other):
        expect(sheet(page)).to_be_hidden()
        page.sees("on Stripe’s page in a new tab.")
    tab.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    for person in (customer, other, mechanic):
        has_left(person, 45)
    assert holds(server, customer) == ["authorised"]
    assert held_at_stripe(server, customer) == 1


def test_a_double_press_pays_once(server: Server, talk: Pair) -> None:
    customer, _mechanic = talk
    extends(customer)
    types_card(customer, GOOD)
    sheet(customer).get_by_role("button", name="Pay $14.99").dblclick()
    has_left(customer, 45)
    assert (holds(server, customer), held_at_stripe(server, customer)) == (["authorised"], 1)


def test_a_card_of_a_slow_bank_is_paid_once_and_the_page_waits(server: Server, talk: Pair) -> None:
    customer, _mechanic = talk
    extends(customer)
    types_card(customer, GOOD)
    held = held_back(customer.page, "**/confirm")
    pays(customer)
    expect(sheet(customer).locator("[data-act=pay]")).to_have_attribute("aria-busy", "true")
    until(lambda: customer.page.evaluate("true") and len(held) == 1)
    held[0].continue_()
    has_left(customer, 45)
    assert held_at_stripe(server, customer) == 1


def test_an_extension_whose_card_is_not_entered_in_time_is_canceled(
    start_server: Callable[..., Server], browser_of: Callable[..., Page]
) -> None:
    server = start_server(deadlines={"card_entry": 3})
    customer, mechanic = newcomers(server, browser_of)
    extends(customer)
    customer.sees("No card was entered for a while, so the extension was canceled. Nothing was charged.")
    expect(sheet(customer)).to_be_hidden()
    mechanic.sees_no_more(re.compile("is paying for"))
    until(lambda: holds(server, customer) == ["failed"])


def test_without_a_publishable_key_stripes_page_is_the_way(
    start_server: Callable[..., Server], browser_of: Callable[..., Page]
) -> None:
    server = start_server(environment={"STRIPE_PUBLISHABLE_KEY": ""})
    customer, mechanic = newcomers(server, browser_of)
    customer.button("Extend Session").click()
    customer.sees("You pay on Stripe’s page in a new tab.").page.keyboard.press("Escape")
    extends(customer)
    with customer.page.expect_popup() as opened:
        customer.page.get_by_role("link", name="Go to payment").filter(visible=True).last.click()
    opened.value.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    expect(opened.value.get_by_role("heading", name="Your session is extended")).to_be_visible()
    for person in (customer, mechanic):
        has_left(person, 45)


def test_a_saved_card_that_is_declined_is_followed_by_another_one_in_the_room(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> None:
    customer, mechanic = a_customer(viewport=SMALL), a_mechanic(viewport=DESKTOP)
    staging.live(server, customer, mechanic, keep_card=True)
    bank(server, customer, "pm_card_chargeDeclinedInsufficientFunds")
    extends(customer)
    expect(sheet(customer).get_by_role("alert")).to_have_text(re.compile("insufficient funds"))
    pays_with_a_card(customer)
    for person in (customer, mechanic):
        has_left(person, 45)


def held_back(page: Page, address: str, times: int | None = None) -> list[Route]:
    """Return the requests to this address, which wait until they are continued."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold, times=times)
    return held


def newcomers(server: Server, browser_of: Callable[..., Page]) -> Pair:
    """Return such a chat on a server of the test's own."""
    (payer,), (helper,) = server.enroll(1, "payer-"), server.enroll(1, "helper-", mechanics=True)
    customer = Customer(browser_of(payer, server=server, viewport=SMALL), payer)
    mechanic = Mechanic(browser_of(helper, server=server, viewport=DESKTOP), helper)
    staging.live(server, customer, mechanic)
    return customer, mechanic


def in_a_new_tab(customer: Customer, button: str) -> Page:
    with customer.page.expect_popup() as opened:
        sheet(customer).get_by_role("button", name=button).click()
    return opened.value


def held_at_stripe(server: Server, customer: Customer) -> int:
    """Return how many holds Stripe has for time that was bought in this session, beside the booking."""
    with closing(sqlite3.connect(server.data / "sandbox.sqlite3")) as store:
        rows = store.execute("SELECT body FROM object WHERE kind = 'payment_intent'").fetchall()
    intents = [json.loads(body) for (body,) in rows]
    mine = [one for one in intents if one["metadata"].get("owner_id") == customer.session_id]
    return len([one for one in mine if one["status"] == "requires_capture"]) - 1
