"""A card that is entered in the room: one intent, one hold, for any number of callers, tabs, webhooks and crashes."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.payments import card_entry, checkout, ledger, reconcile, saved_card, stripe
from autodoctor.payments.attempts import NotPayable
from autodoctor.payments.models import FailedKey, Payment, StripeCustomer
from autodoctor.payments.payment_sync import abandon
from autodoctor.payments.tests.stand import (
    EXTENSION_CENTS,
    Behave,
    Consequences,
    Crash,
    Crashes,
    attempts,
    collected,
    live,
    open_extension,
    run_all,
    surviving,
)
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State
ASKS, ASKS_AND_DECLINES = "4000002760003184", "4000008260003178"


@pytest.fixture
def entry(customer: User, now: datetime, stripe_sandbox: RunningSandbox) -> Payment:
    """An unpaid extension whose card is entered in the room."""
    return open_extension(customer, now, keep_card=False, card_here=True)


def refreshed(payment: Payment, now: datetime) -> Payment:
    return checkout.refresh(payment=payment, now=now)


def test_an_intent_waits_for_a_card_and_nothing_is_held(
    entry: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    for _ in range(3):
        waiting = collected(entry, now)
    assert (waiting.state, waiting.waits_for, waiting.checkout_number) == (State.CREATED, "pay", 0)
    [intent] = attempts(stripe_sandbox, entry)
    assert intent["metadata"] == {"payment_id": str(entry.id), "owner_id": str(entry.owner_id), "way": "entered"}
    facts = ("amount", "currency", "capture_method", "status", "setup_future_usage", "customer")
    assert [intent[name] for name in facts] == [EXTENSION_CENTS, "usd", "manual", "requires_payment_method", None, None]
    assert live(stripe_sandbox, entry) == []
    assert consequences.kinds() == ["waiting"]


def test_a_card_that_is_entered_is_held_once(
    entry: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    secret = card_entry.client_secret(entry, now)
    assert stripe_sandbox.enter_card(secret)["status"] == "requires_capture"
    for _ in range(3):
        held = refreshed(entry, now)
    assert (held.state, held.card_last4, held.intent_id) == (State.AUTHORIZED, "4242", secret.split("_secret_")[0])
    assert live(stripe_sandbox, entry) == ["requires_capture"]
    assert consequences.kinds() == ["authorised"]
    with pytest.raises(NotPayable):
        card_entry.client_secret(entry, now)


def test_the_secret_is_stored_nowhere_here(entry: Payment, now: datetime) -> None:
    secret = card_entry.client_secret(entry, now)
    entry.refresh_from_db()
    assert secret not in str(vars(entry))
    assert secret not in repr(stripe.payment(entry.entry_id))


def test_a_declined_card_is_followed_by_another_one_in_the_same_form(
    entry: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    secret = card_entry.client_secret(entry, now)
    collected(entry, now)
    for _ in range(2):
        assert stripe_sandbox.enter_card(secret, "4000000000009995")["error"]["decline_code"] == "insufficient_funds"
        declined = refreshed(entry, now)
    assert (declined.waits_for, declined.decline_code) == ("pay", "insufficient_funds")
    run_all()
    assert (len(attempts(stripe_sandbox, entry)), live(stripe_sandbox, entry)) == (1, []), "no page opens beside it"
    assert card_entry.client_secret(entry, now) == secret
    stripe_sandbox.enter_card(secret)
    assert (refreshed(entry, now).state, entry.purpose) == (State.AUTHORIZED, "extension")
    assert consequences.kinds() == ["authorised", "declined", "entry_lapsed", "waiting"]  # the last two hours later


def test_a_bank_that_asks_first_is_answered_within_the_page(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    secret = card_entry.client_secret(entry, now)
    asked = stripe_sandbox.enter_card(secret, ASKS)
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "use_stripe_sdk")
    waiting = collected(refreshed(entry, now), now)
    assert (waiting.waits_for, waiting.confirm_url, waiting.checkout_number) == ("pay", "", 0)
    stripe_sandbox.authenticate(asked["id"])
    assert refreshed(entry, now).state == State.AUTHORIZED


@pytest.mark.parametrize(("number", "approve"), [(ASKS, False), (ASKS_AND_DECLINES, True)])
def test_after_a_failed_confirmation_another_card_can_be_entered(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime, number: str, approve: bool
) -> None:
    secret = card_entry.client_secret(entry, now)
    stripe_sandbox.authenticate(stripe_sandbox.enter_card(secret, number)["id"], approve=approve)
    assert refreshed(entry, now).decline_code in ("payment_intent_authentication_failure", "insufficient_funds")
    stripe_sandbox.enter_card(secret)
    assert refreshed(entry, now).state == State.AUTHORIZED


def test_the_card_is_kept_only_with_consent(
    customer: User, entry: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.enter_card(card_entry.client_secret(entry, now))
    refreshed(entry, now)
    assert saved_card.of(customer) is None
    agreed = open_extension(customer, now, card_here=True)
    stripe_sandbox.enter_card(card_entry.client_secret(agreed, now), "5555555555554444")
    refreshed(agreed, now)
    assert saved_card.of(customer) == saved_card.SavedCard("mastercard", "4444")


def test_after_a_declined_saved_card_another_one_is_entered_in_the_room(
    behave: Behave, customer: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    behave("pm_card_chargeDeclined")
    extension = open_extension(customer, now, card_here=True)
    assert (collected(extension, now).waits_for, live(stripe_sandbox, extension)) == ("pay", [])
    by_status = sorted(one["status"] for one in attempts(stripe_sandbox, extension))
    assert by_status == ["canceled", "requires_payment_method"], "the declined attempt cannot come through any more"
    stripe_sandbox.enter_card(card_entry.client_secret(extension, now))
    assert refreshed(extension, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_stripes_page_ends_the_entry_and_the_old_secret_pays_nothing(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    secret = card_entry.client_secret(entry, now)
    ledger.pay_on_a_page(entry)
    page = collected(entry, now)
    assert (page.waits_for, live(stripe_sandbox, entry)) == ("pay", ["page"])
    assert stripe_sandbox.enter_card(secret)["error"]["code"] == "payment_intent_unexpected_state"
    with pytest.raises(card_entry.AnotherWay):
        card_entry.client_secret(entry, now)
    stripe_sandbox.pay(page.checkout_url)
    assert refreshed(entry, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, entry) == ["requires_capture"]


def test_a_card_entered_before_stripes_page_opens_is_the_one_that_pays(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.enter_card(card_entry.client_secret(entry, now))
    ledger.pay_on_a_page(entry)
    assert collected(entry, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, entry) == ["requires_capture"]


def test_a_page_wanted_while_the_entry_opens_leaves_one_way_to_pay(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = stripe.open_entry

    def overtaken(request: dict[str, Any], *, key: str) -> str:
        monkeypatch.setattr(stripe, "open_entry", real)
        ledger.pay_on_a_page(entry)
        collected(entry, now)
        return real(request, key=key)

    monkeypatch.setattr(stripe, "open_entry", overtaken)
    collected(entry, now)
    assert live(stripe_sandbox, entry) == ["page"]
    assert [one["status"] for one in attempts(stripe_sandbox, entry)] == ["canceled"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["open_entry", "client_secret"])
def test_a_crash_around_a_call_leaves_one_intent(
    entry: Payment, stripe_sandbox: RunningSandbox, crashes: Crashes, now: datetime, call: str, moment: str
) -> None:
    crashes.once(call, moment)
    secret = surviving(lambda: card_entry.client_secret(entry, now))
    assert [one["client_secret"] for one in attempts(stripe_sandbox, entry)] == [secret]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_entry_whose_answer_was_lost_cannot_be_paid_after_the_cancellation(
    entry: Payment, stripe_sandbox: RunningSandbox, crashes: Crashes, now: datetime, moment: str
) -> None:
    crashes.once("open_entry", moment)
    with pytest.raises(Crash):
        card_entry.open_entry(entry, now)
    ledger.cancel_payment(entry, now)
    run_all()
    entry.refresh_from_db()
    assert (entry.state, [one["status"] for one in attempts(stripe_sandbox, entry)]) == (State.FAILED, ["canceled"])


def test_a_500_that_sticks_does_not_keep_the_form_away(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.control("faults", method="POST", path="payment_intents", status=500, when="after", times=3)
    with pytest.raises(stripe.Unavailable):
        card_entry.client_secret(entry, now)
    assert FailedKey.objects.filter(name=f"entry:{entry.id}").exists()
    stripe_sandbox.enter_card(card_entry.client_secret(entry, now))
    assert refreshed(entry, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, entry) == ["requires_capture"]


def test_an_answer_that_comes_late_replaces_no_intent_whose_secret_is_out(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile another process was told that the key is in use, took another one, and had its answer at once."""
    real, out = stripe.open_entry, list[str]()

    def late(request: dict[str, Any], *, key: str) -> str:
        monkeypatch.setattr(stripe, "open_entry", real)
        FailedKey.objects.create(name=f"entry:{entry.id}", number=1, first_failed_at=now)
        out.append(card_entry.client_secret(entry, now))
        return real(request, key=key)

    monkeypatch.setattr(stripe, "open_entry", late)
    assert card_entry.client_secret(entry, now) == out[0]
    assert len(attempts(stripe_sandbox, entry)) == 2


def test_a_customer_that_is_gone_at_stripe_pays_on_stripes_page(
    kept: StripeCustomer, customer: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    StripeCustomer.objects.update(payment_method_id="", stripe_id="cus_gone")
    extension = open_extension(customer, now, card_here=True)
    assert (collected(extension, now).waits_for, live(stripe_sandbox, extension)) == ("pay", ["page"])


def test_an_intent_that_was_canceled_in_the_dashboard_is_followed_by_stripes_page(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    card_entry.client_secret(entry, now)
    entry.refresh_from_db()
    stripe.cancel(entry.entry_id, key="by hand")
    with pytest.raises(card_entry.AnotherWay):
        card_entry.client_secret(entry, now)
    assert (collected(entry, now).waits_for, live(stripe_sandbox, entry)) == ("pay", ["page"])


def test_what_is_paid_after_the_end_is_released(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime, consequences: Consequences
) -> None:
    """The session ended, and the job that cancels the intent comes a moment too late."""
    secret = card_entry.client_secret(entry, now)
    ledger.cancel_payment(entry, now)
    stripe_sandbox.enter_card(secret)
    run_all()
    entry.refresh_from_db()
    assert (entry.state, live(stripe_sandbox, entry)) == (State.RELEASED, [])


def test_a_canceled_extension_cannot_be_paid_with_its_old_secret(
    entry: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    secret = card_entry.client_secret(entry, now)
    ledger.cancel_payment(entry, now)
    checkout.shut(payment=Payment.objects.get(id=entry.id), now=now)
    abandon(payment_id=entry.id, now=now)
    assert stripe_sandbox.enter_card(secret)["error"]["code"] == "payment_intent_unexpected_state"
    entry.refresh_from_db()
    assert entry.state == State.FAILED


def test_the_time_to_enter_a_card_ends(
    entry: Payment, consequences: Consequences, now: datetime, settings: Any
) -> None:
    settings.DEADLINES = settings.DEADLINES | {"card_entry": 60}
    card_entry.client_secret(entry, now)
    assert "entry_lapsed" not in consequences.kinds()
    run_all()
    assert "entry_lapsed" in consequences.kinds()


def test_the_books_know_every_intent(entry: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    """A form that is open, one that was given up, and one that was paid: nothing differs."""
    since = now - timedelta(hours=1)
    secret = card_entry.client_secret(entry, now)
    assert reconcile.differences(since) == []
    stripe_sandbox.enter_card(secret)
    assert [one.what for one in reconcile.differences(since)] == ["unknown_here"], "nobody has told us yet"
    refreshed(entry, now)
    assert reconcile.differences(since) == []


@pytest.mark.parametrize("copies", [1, 3])
def test_webhooks_in_any_order_and_number_hold_once(
    entry: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime, copies: int
) -> None:
    secret = card_entry.client_secret(entry, now)
    stripe_sandbox.enter_card(secret, "4000000000000002")
    stripe_sandbox.enter_card(secret)
    for event in stripe_sandbox.events()[::-1] * copies:
        body, signature = stripe_sandbox.signed(event)
        answer = Client().post("/api/stripe/webhook", body, "application/json", headers={"Stripe-Signature": signature})
        assert answer.status_code == httpx.codes.OK
    run_all()
    entry.refresh_from_db()
    assert (entry.state, entry.card_last4) == (State.AUTHORIZED, "4242")
    assert consequences.kinds().count("authorised") == 1
