"""Extensions in a running session: by the saved card with one click, the bank's confirmation, the last second."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.faults.test_payments import control
from tests.journeys import calls, staging
from tests.journeys.card_form import pays_with_a_card
from tests.journeys.conftest import DESKTOP, Crowd
from tests.journeys.inspection import inspect
from tests.journeys.lines import HeldLine
from tests.journeys.people import Customer, Mechanic, Person
from tests.kit.server import Server
from tests.kit.time_travel import pass_time
from tests.kit.waiting import until

BANK_ASKS = "Your bank asks you to confirm this payment."

MINUTE = 60
Pair = tuple[Customer, Mechanic]


@pytest.fixture
def talk(server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]) -> Pair:
    """A running chat of thirty minutes; the customer has saved the card."""
    return begun(server, a_customer(), a_mechanic(viewport=DESKTOP), keep_card=True)


def begun(server: Server, customer: Customer, mechanic: Mechanic, *, keep_card: bool = False) -> Pair:
    staging.live(server, customer, mechanic, keep_card=keep_card)
    return customer, mechanic


@pytest.fixture
def alone(server: Server, crowd: Crowd, a_customer: Callable[..., Customer]) -> Iterator[Customer]:
    """The customer of such a chat, without a browser for the mechanic."""
    customer = a_customer()
    with staging.live_for(server, customer, crowd.mechanic(), keep_card=True):
        yield customer


def bank(server: Server, customer: Customer, behaves_as: str) -> None:
    """Return a function that sets the behavior of the saved card's bank."""
    key = customer.who.id.replace("-", "")
    ((account,),) = server.sql("SELECT stripe_id FROM payments_stripecustomer WHERE user_id = %s", key)
    control(server, "cards", customer=account, behaves_as=behaves_as)


def extends(customer: Customer, time: str = "15 minutes") -> None:
    customer.button("Extend Session").first.click()
    dialog = customer.page.locator("#extend-dialog")
    dialog.get_by_role("radio", name=re.compile(time)).check()
    dialog.get_by_role("button", name=re.compile(r"^Pay \$")).click()


def has_left(person: Person, minutes: int) -> None:
    """Check the time left on the clock, with a small tolerance."""
    clock = re.compile(rf"^\s*({minutes}:00|{minutes - 1}:\d\d)")
    expect(person.page.locator("session-clock")).to_have_text(clock)


def in_a_new_tab(customer: Customer, link: str) -> Page:
    with customer.page.expect_popup() as opened:
        customer.page.get_by_role("link", name=link).filter(visible=True).last.click()
    return opened.value


def test_an_extension_moves_both_clocks(talk: Pair) -> None:
    customer, mechanic = talk
    customer.button("Extend Session").click()
    customer.sees("We charge your Visa ending in 4242.")
    inspect(customer.page, "extend-choice")
    customer.page.get_by_role("radio", name=re.compile("30 minutes")).check()
    customer.button("Pay $24.99").click()
    for person in talk:
        has_left(person, 60)
        person.sees("The session was extended")
    expect(customer.page.locator("#extend-dialog")).to_be_hidden()
    customer.says("Good, let us go on")
    mechanic.reads("Good, let us go on")


def answer_once_extended(server: Server, customer: Customer) -> None:
    """Hold the answer to a choice back until its payment has extended the session."""
    session_id = customer.session_id.replace("-", "")

    def pay(route: Route) -> None:
        answer = route.fetch()
        query = "SELECT granted_seconds FROM autodoctor_sessions_session WHERE id = %s"
        until(lambda: server.sql(query, session_id) == [(60 * MINUTE,)])
        route.fulfill(response=answer)

    customer.page.route("**/extensions", pay)


def test_the_dialog_closes_when_the_answer_overtakes_the_news(server: Server, talk: Pair) -> None:
    customer, _ = talk
    line = HeldLine(customer.page)
    answer_once_extended(server, customer)
    customer.page.reload()
    customer.button("Extend Session").click()
    dialog = customer.page.locator("#extend-dialog")
    dialog.get_by_role("radio", name=re.compile("30 minutes")).check()
    line.hold()
    with customer.page.expect_response(re.compile("/more-time/")):
        dialog.get_by_role("button", name=re.compile(r"^Pay \$")).click()
    expect(dialog.locator("[aria-busy=true]")).to_have_count(0)
    expect(dialog.get_by_role("button", name=re.compile(r"^Pay \$"))).to_be_visible()
    line.release()
    expect(dialog).to_be_hidden()


def test_an_extension_is_authenticated_with_the_bank_in_a_tab_of_its_own(server: Server, talk: Pair) -> None:
    customer, mechanic = talk
    bank(server, customer, "pm_card_authenticationRequired")
    extends(customer)
    customer.sees(BANK_ASKS)
    mechanic.sees(re.compile("is paying for an extension of 15 minutes"))
    inspect(customer.page, "extend-confirm")
    inspect(mechanic.page, "extend-mechanic-pending")
    tab = in_a_new_tab(customer, "Confirm with my bank")
    tab.get_by_role("button", name="Approve").click()
    expect(tab.get_by_role("heading", name="Your session is extended")).to_be_visible()
    for person in talk:
        has_left(person, 45)


def test_a_declined_extension_is_paid_with_another_card(server: Server, talk: Pair) -> None:
    customer, mechanic = talk
    bank(server, customer, "pm_card_chargeDeclinedInsufficientFunds")
    extends(customer)
    customer.sees(re.compile("does not have enough|insufficient|not enough", re.IGNORECASE))
    inspect(customer.page, "extend-declined")
    pays_with_a_card(customer)
    for person in talk:
        has_left(person, 45)
    mechanic.sees_no_more(re.compile("is paying for"))


def test_a_canceled_extension_is_not_charged(server: Server, alone: Customer) -> None:
    customer = alone
    bank(server, customer, "pm_card_authenticationRequired")
    extends(customer)
    customer.sees(BANK_ASKS).page.keyboard.press("Escape")
    customer.button("Cancel extension").click()
    customer.sees_no_more(BANK_ASKS)
    customer.button("Extend Session").click()
    expect(customer.page.get_by_role("radio", name=re.compile("15 minutes"))).to_be_visible()
    has_left(customer, 30)


def test_an_extension_is_paid_with_another_card_instead_of_authentication(server: Server, talk: Pair) -> None:
    customer, mechanic = talk
    bank(server, customer, "pm_card_authenticationRequired")
    extends(customer)
    customer.sees(BANK_ASKS)
    assert customer.page.evaluate("document.activeElement.closest('dialog')?.id") == "extend-dialog"
    customer.page.locator("#extend-dialog").get_by_role("button", name="Use another card").click()
    pays_with_a_card(customer)
    for person in (customer, mechanic):
        has_left(person, 45)


def test_an_extension_is_paid_with_another_card_from_the_start(alone: Customer) -> None:
    customer = alone
    customer.button("Extend Session").click()
    customer.page.get_by_role("checkbox", name="Use another card").check()
    customer.page.locator("#extend-dialog").get_by_role("button", name=re.compile(r"^Pay \$")).click()
    pays_with_a_card(customer)
    has_left(customer, 45)


def test_the_extension_dialog_closes_when_the_session_ends(talk: Pair) -> None:
    customer, mechanic = talk
    customer.button("Extend Session").click()
    expect(customer.page.locator("#extend-dialog")).to_be_visible()
    mechanic.button("End Session").click()
    mechanic.page.locator("#end-dialog").get_by_role("button", name="End Session").click()
    expect(customer.page.locator("#extend-dialog")).to_be_hidden()
    customer.sees("Is your problem solved?")


def test_the_end_waits_once_for_the_payment_of_an_extension(server: Server, talk: Pair) -> None:
    customer, mechanic = talk
    pass_time(server, customer.session_id, 26 * MINUTE)
    for person in talk:
        person.page.reload()
    customer.sees("Your time is almost up.")
    mechanic.sees("Can you stay?")
    inspect(customer.page, "extend-near-end")
    bank(server, customer, "pm_card_authenticationRequired")
    extends(customer)
    customer.sees(BANK_ASKS)
    pass_time(server, customer.session_id, 4 * MINUTE)
    customer.sees("The session waits up to 2 minutes for this payment.")
    mechanic.sees("The session waits up to 2 minutes for this payment.")
    inspect(customer.page, "extend-held")
    tab = in_a_new_tab(customer, "Confirm with my bank")
    tab.get_by_role("button", name="Approve").click()
    expect(tab.get_by_role("heading", name="Your session is extended")).to_be_visible()
    customer.is_live()
    for person in talk:
        has_left(person, 15)


def test_a_mechanic_who_cannot_stay_longer_allows_no_extension(talk: Pair) -> None:
    customer, mechanic = talk
    mechanic.button("Extension").click()
    inspect(mechanic.page, "extend-allowance")
    mechanic.page.get_by_role("radio", name="I cannot stay longer").check()
    mechanic.button("Save").click()
    customer.button("Extend Session").click()
    customer.sees(re.compile("cannot stay longer today"))


def test_a_call_goes_on_while_it_is_extended(
    server: Server, a_customer: Callable[..., Customer], a_mechanic: Callable[..., Mechanic]
) -> None:
    customer = a_customer(permissions=calls.DEVICES)
    mechanic = a_mechanic(permissions=calls.DEVICES, viewport=DESKTOP)
    calls.call_of_checked(server, customer, mechanic, keep_card=True)
    extends(customer)
    for person in (customer, mechanic):
        has_left(person, 60)
    calls.see_moving_pictures(customer, mechanic)
    for person in (customer, mechanic):
        assert person.page.evaluate("connections.length") == 1
