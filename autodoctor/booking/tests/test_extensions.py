"""More time over HTTP, from the offer to the clock, with the sandbox as the bank and the real table of reactions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking.models import ExtensionOption
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.room.tests.live_session import live_session
from autodoctor.sandbox import API_KEY
from autodoctor.scheduler.loop import run_due
from autodoctor.sessions.models import Session, SessionEvent
from tests.kit.stripe_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
State = Payment.State
GRANTED = 1800


class Tab:
    """An open page of a participant."""

    def __init__(self, client: Client, session: Session) -> None:
        self.client, self.session, self.base = client, session, f"/api/sessions/{session.id}"
        self.seen = self.look() if session.state == "live" else {}

    def look(self) -> Any:
        return self.client.get(f"{self.base}/extensions").json()

    def accept(self, number: int = 0, **more: Any) -> Any:
        """The offer as this tab shows it, which may be stale."""
        body = {"option": self.seen["offers"][number]["option"]} | more
        return self.client.post(f"{self.base}/extensions", body, content_type="application/json")

    def cancel_extension(self, payment_id: str) -> Any:
        return self.client.delete(f"{self.base}/extensions/{payment_id}")

    def allow(self, seconds: Any) -> Any:
        return self.client.post(f"{self.base}/allowance", {"seconds": seconds}, content_type="application/json")

    def back(self) -> str:
        """The page that the bank leads back to."""
        return self.client.get(f"/sessions/{self.session.id}/extension/").content.decode()


@pytest.fixture
def kept(customer: User, stripe_sandbox: RunningSandbox) -> StripeCustomer:
    """A card kept at Stripe, and known here."""

    def ask(path: str, **given: str) -> str:
        return str(stripe_sandbox.browser.post(f"/v1/{path}", data=given, auth=(API_KEY, "")).json()["id"])

    person = ask("customers", email=customer.email)
    method = ask("payment_methods/pm_card_visa/attach", customer=person)
    return StripeCustomer.objects.create(
        user=customer,
        stripe_id=person,
        payment_method_id=method,
        card_brand="visa",
        card_last4="4242",
        card_kept_at=timezone.now(),
    )


@pytest.fixture
def session(customer: User, mechanic: User, stripe_sandbox: RunningSandbox) -> Session:
    begun = timezone.now()
    session = live_session(customer, mechanic, keep_card=True, granted_seconds=GRANTED, clock_at=begun)
    Payment.objects.create(
        owner_id=session.id,
        payer=customer,
        purpose="booking",
        state=State.AUTHORIZED,
        amount_cents=999,
        seconds=GRANTED,
        created_at=begun,
        authorized_at=begun,
    )
    return session


@pytest.fixture
def tab(session: Session, customer: User, client_of: ClientOf) -> Tab:
    return Tab(client_of(customer), session)


@pytest.fixture
def behave(kept: StripeCustomer, stripe_sandbox: RunningSandbox) -> Callable[[str], None]:
    return lambda card: stripe_sandbox.control("cards", customer=kept.stripe_id, behaves_as=card)


def told(session: Session) -> list[str]:
    """Return the extension events that both participants see, after all due jobs."""
    run_due(timezone.now())
    events = SessionEvent.objects.filter(session=session, audience="both").order_by("seq")
    return [f"{e.kind} {e.data['extension']['stands']}" for e in events if "extension" in e.data]


def extension(session: Session) -> Payment:
    return Payment.objects.get(owner_id=session.id, purpose="extension")


def test_an_extension_offer_names_its_price_and_the_card(kept: StripeCustomer, tab: Tab) -> None:
    seen = tab.look()
    assert [(one["name"], one["seconds"], one["amount_cents"], one["currency"]) for one in seen["offers"]] == [
        ("+15 minutes", 900, 1499, "usd"),
        ("+30 minutes", 1800, 2499, "usd"),
        ("+60 minutes", 3600, 3999, "usd"),
    ]
    assert seen["card"] == {"brand": "visa", "last4": "4242"}
    assert (seen["allowed_seconds"], seen["extension"]) == (None, None)


def test_the_mechanic_sees_the_offers_but_not_the_card(
    kept: StripeCustomer, session: Session, mechanic: User, tab: Tab, client_of: ClientOf, behave: Any
) -> None:
    assert len(Tab(client_of(mechanic), session).look()["offers"]) == 3
    behave("pm_card_chargeDeclinedInsufficientFunds")
    tab.accept()
    seen = Tab(client_of(mechanic), session).look()
    assert (seen["card"], seen["offers"]) == (None, [])
    assert (seen["extension"]["state"], seen["extension"]["link"], seen["extension"]["reason"]) == ("pay", "", "")


def test_accepting_an_offer_moves_the_clock(kept: StripeCustomer, session: Session, tab: Tab) -> None:
    answer = tab.accept()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(extension(session).id),
        "seconds": 900,
        "amount_cents": 1499,
        "currency": "usd",
        "state": "paid",
        "link": "",
        "card_here": False,
        "reason": "",
    }
    assert told(session) == ["extension.pending bank", "session.extended paid"]
    before = session.ends_at
    session.refresh_from_db()
    assert before is not None
    assert (session.granted_seconds, session.ends_at) == (GRANTED + 900, before + timedelta(minutes=15))
    assert (extension(session).card_last4, extension(session).card_brand) == ("4242", "visa")


def test_an_extension_accepted_in_two_tabs_is_paid_once(kept: StripeCustomer, session: Session, tab: Tab) -> None:
    """Both tabs show the same offer, and the customer accepts in both, before and after the extension."""
    other = Tab(tab.client, session)
    assert (tab.accept().status_code, other.accept().status_code) == (201, 200)
    told(session)
    late = other.accept()
    assert (late.status_code, late.json()["error"]) == (409, "already_extended")
    assert Payment.objects.filter(purpose="extension").count() == 1


def test_authentication_of_an_extension_by_the_bank_opens_a_new_tab(
    session: Session, tab: Tab, behave: Any, stripe_sandbox: RunningSandbox
) -> None:
    behave("pm_card_authenticationRequired")
    asked = tab.accept().json()
    assert (asked["state"], asked["link"]) == ("confirm", extension(session).confirm_url)
    assert tab.look()["extension"] == asked
    assert told(session) == ["extension.pending bank", "extension.pending confirm"]
    stripe_sandbox.authenticate(extension(session).attempt_id)
    assert "Your session is extended" in tab.back()
    assert told(session)[-1] == "session.extended paid"


def test_a_failed_authentication_of_an_extension_asks_for_another_card(
    session: Session, tab: Tab, behave: Any, stripe_sandbox: RunningSandbox
) -> None:
    behave("pm_card_authenticationRequired")
    tab.accept()
    told(session)
    stripe_sandbox.authenticate(extension(session).attempt_id, approve=False)
    page = tab.back()
    told(session)
    assert "could not confirm that it was you" in page
    assert extension(session).checkout_url in page
    stripe_sandbox.pay(extension(session).checkout_url)
    assert "Your session is extended" in tab.back()
    assert [line.split()[1] for line in told(session)][:2] == ["bank", "confirm"]
    assert told(session)[-1] == "session.extended paid"


def test_a_declined_extension_can_be_paid_with_another_card(
    session: Session, tab: Tab, behave: Any, stripe_sandbox: RunningSandbox
) -> None:
    behave("pm_card_chargeDeclinedInsufficientFunds")
    answer = tab.accept().json()
    assert (answer["state"], answer["link"]) == ("pay", extension(session).checkout_url)
    assert "insufficient funds" in answer["reason"]
    told(session)
    events = list(SessionEvent.objects.filter(session=session).values_list("data", flat=True))
    assert "insufficient" not in str(events)
    assert "http" not in str(events)
    stripe_sandbox.pay(answer["link"], "pm_card_mastercard")
    tab.back()
    assert told(session)[-1] == "session.extended paid"
    assert tab.look()["card"] == {"brand": "mastercard", "last4": "4444"}


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_authenticationRequired"])
def test_an_extension_can_be_paid_with_another_card_from_the_start(
    session: Session, tab: Tab, behave: Any, stripe_sandbox: RunningSandbox, card: str
) -> None:
    behave(card)
    if card == "pm_card_authenticationRequired":
        tab.accept()
    answer = tab.accept(another_card=True).json()
    assert (answer["state"], answer["link"]) == ("pay", extension(session).checkout_url)
    assert not extension(session).keep_card
    stripe_sandbox.pay(answer["link"], "pm_card_mastercard")
    tab.back()
    assert told(session)[-1] == "session.extended paid"
    assert tab.look()["card"] == {"brand": "visa", "last4": "4242"}


def test_an_extension_without_a_saved_card_is_paid_on_a_page(
    session: Session, tab: Tab, stripe_sandbox: RunningSandbox
) -> None:
    assert tab.look()["card"] is None
    answer = tab.accept()
    assert (answer.status_code, answer.json()["state"]) == (201, "pay")
    told(session)
    stripe_sandbox.pay(answer.json()["link"])
    tab.back()
    assert told(session) == ["extension.pending bank", "extension.pending pay", "session.extended paid"]


def test_an_extension_accepted_while_stripe_is_down_is_paid_later(
    kept: StripeCustomer, session: Session, tab: Tab, settings: Any, stripe_sandbox: RunningSandbox
) -> None:
    address, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    answer = tab.accept()
    assert (answer.status_code, answer.json()["state"], answer.json()["link"]) == (201, "bank", "")
    settings.STRIPE_API_BASE = address
    run_due(timezone.now() + timedelta(seconds=20))
    assert told(session)[-1] == "session.extended paid"


def test_a_canceled_extension_leaves_no_open_payment_page(
    session: Session, tab: Tab, stripe_sandbox: RunningSandbox
) -> None:
    asked = tab.accept().json()
    for _ in range(2):
        answer = tab.cancel_extension(asked["id"])
        assert (answer.status_code, answer.json()["state"], answer.json()["link"]) == (200, "failed", "")
    assert stripe_sandbox.press(asked["link"], "pay").headers["Location"].endswith(asked["link"].split("/pay/")[1])
    assert tab.look()["extension"] is None
    assert tab.accept(1).status_code == 201, "there is room for another"


def test_an_extension_paid_after_its_cancellation_is_released(
    session: Session, customer: User, tab: Tab, behave: Any, stripe_sandbox: RunningSandbox
) -> None:
    """Confirmed with the bank in the moment in which the session was ended."""
    behave("pm_card_authenticationRequired")
    tab.accept()
    stripe_sandbox.authenticate(extension(session).attempt_id)
    tab.client.post(f"/api/sessions/{session.id}/end")
    assert "Nothing is charged" in tab.back()
    told(session)
    assert (extension(session).state, extension(session).granted_at) == (State.RELEASED, None)
    [intent] = stripe_sandbox.app.store.find("payment_intent", equal={"id": extension(session).attempt_id})
    assert intent["status"] == "canceled"


def test_the_end_of_a_session_cancels_the_open_extension(
    session: Session, tab: Tab, stripe_sandbox: RunningSandbox
) -> None:
    link = tab.accept().json()["link"]
    tab.client.post(f"/api/sessions/{session.id}/end")
    run_due(timezone.now())
    assert extension(session).state == State.FAILED
    assert stripe_sandbox.browser.get(link).status_code == 410


@pytest.mark.parametrize("order", ["as_sent", "reversed", "shuffled"])
def test_webhooks_in_any_order_extend_a_session_once(
    kept: StripeCustomer, session: Session, tab: Tab, stripe_sandbox: RunningSandbox, order: str
) -> None:
    tab.accept()
    webhooks = [event for event in stripe_sandbox.events() if event["type"].startswith(("payment_intent", "charge"))]
    ordered = {"as_sent": webhooks, "reversed": webhooks[::-1], "shuffled": [*webhooks[1:], webhooks[0]]}[order]
    for event in [one for one in ordered for _ in range(3)]:
        body, signature = stripe_sandbox.signed(event)
        answer = Client().post(
            "/api/stripe/webhook", body, content_type="application/json", headers={"Stripe-Signature": signature}
        )
        assert answer.status_code == 200
        run_due(timezone.now())
    assert told(session) == ["extension.pending bank", "session.extended paid"]
    session.refresh_from_db()
    assert session.granted_seconds == GRANTED + 900


def test_only_the_time_that_the_mechanic_allows_is_offered_as_an_extension(
    kept: StripeCustomer, session: Session, mechanic: User, tab: Tab, client_of: ClientOf
) -> None:
    answer = Tab(client_of(mechanic), session).allow(1800)
    assert (answer.status_code, answer.json()["allowed_seconds"]) == (200, 1800)
    assert [one["seconds"] for one in tab.look()["offers"]] == [900, 1800]
    refused = tab.accept(2)
    assert (refused.status_code, refused.json()["error"]) == (409, "not_allowed")
    Tab(client_of(mechanic), session).allow(0)
    assert tab.look()["offers"] == []
    Tab(client_of(mechanic), session).allow(None)
    assert len(tab.look()["offers"]) == 3


def test_no_extension_is_offered_past_three_hours_of_a_session(session: Session, tab: Tab) -> None:
    begun = timezone.now() - timedelta(minutes=1)
    session.started_at, session.ends_at = begun, begun + timedelta(minutes=140)
    session.save()
    assert [one["seconds"] for one in tab.look()["offers"]] == [900, 1800]


def test_an_accepted_extension_whose_offer_has_changed_is_shown_again(
    kept: StripeCustomer, session: Session, tab: Tab
) -> None:
    ExtensionOption.objects.filter(price_cents=1499).update(price_cents=1999)
    ExtensionOption.objects.filter(price_cents=2499).update(active=False)
    for number in (0, 1):
        refused = tab.accept(number)
        assert (refused.status_code, refused.json()["error"]) == (409, "not_offered")
    assert not Payment.objects.filter(purpose="extension").exists()


def test_a_second_extension_is_refused_while_the_first_is_open(session: Session, tab: Tab) -> None:
    tab.accept()
    refused = tab.accept(1)
    assert (refused.status_code, refused.json()["error"]) == (409, "extension_open")


def test_an_extension_can_be_bought_while_the_clock_is_paused(kept: StripeCustomer, session: Session, tab: Tab) -> None:
    before = timezone.now() - timedelta(minutes=1)  # over, had the clock run on
    session.started_at, session.ends_at = before - timedelta(minutes=30), before
    session.paused_at, session.pause_cause = before - timedelta(minutes=2), "mechanic"
    session.save()
    assert tab.accept().status_code == 201
    told(session)
    session.refresh_from_db()
    assert (session.ends_at, session.paused_at is not None) == (before + timedelta(minutes=15), True)


def test_only_the_customer_opens_the_page_after_paying_an_extension(
    session: Session, tab: Tab, mechanic: User, stranger: User, support: User, client_of: ClientOf
) -> None:
    tab.accept()
    for person in (mechanic, stranger, support):
        assert client_of(person).get(f"/sessions/{session.id}/extension/").status_code == 404
