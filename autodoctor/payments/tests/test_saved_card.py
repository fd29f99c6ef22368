"""Paid while the session runs: the saved card is charged once, for any number of callers and crashes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.payments import checkout, ledger, saved_card
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.payments.tests.stand import (
    EXTENSION_CENTS,
    Behave,
    Consequences,
    attempts,
    collected,
    live,
    open_extension,
    run_all,
)
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State


def test_the_saved_card_is_known_by_its_last_digits(kept: StripeCustomer, customer: User, stranger: User) -> None:
    assert saved_card.of(customer) == saved_card.SavedCard("visa", "4242")
    assert saved_card.of(stranger) is None


def test_a_card_that_is_removed_is_forgotten_here_at_once_and_soon_there(
    kept: StripeCustomer, customer: User, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    method = kept.payment_method_id
    assert saved_card.remove(user=customer, now=now)
    assert saved_card.of(customer) is None
    assert not saved_card.remove(user=customer, now=now)
    run_all()
    [event] = stripe_sandbox.events("payment_method.detached")
    assert event["data"]["object"]["id"] == method
    assert collected(extension, now).waits_for == Payment.WaitsFor.PAY  # no saved card: a page opens


def test_the_saved_card_is_held_at_once(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    held = collected(extension, now)
    assert (held.state, held.card_brand, held.card_last4) == (State.AUTHORIZED, "visa", "4242")
    [intent] = attempts(stripe_sandbox, extension)
    assert (intent["amount"], intent["capture_method"], intent["customer"]) == (
        EXTENSION_CENTS,
        "manual",
        kept.stripe_id,
    )
    assert intent["metadata"] == {"payment_id": str(extension.id), "owner_id": str(extension.owner_id)}
    assert consequences.kinds() == ["authorised", "authorised"]  # the booking, and this


def test_repeated_collection_holds_an_extension_once(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    for _ in range(3):
        assert collected(extension, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired"),
        ("pm_card_chargeDeclinedLostCard", "Your bank declined"),
        ("pm_card_chargeDeclined", "Your bank declined"),
    ],
)
def test_declined_extension_gives_the_reason_and_takes_another_card(
    behave: Behave,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
    now: datetime,
    card: str,
    words: str,
) -> None:
    behave(card)
    declined = collected(extension, now)
    assert (declined.state, declined.waits_for) == (State.CREATED, "pay")
    assert words in str(declined.decline_reason)
    assert live(stripe_sandbox, extension) == ["page"], "the declined attempt cannot come through any more"
    assert [one["status"] for one in attempts(stripe_sandbox, extension)] == ["canceled"]
    assert consequences.kinds() == ["authorised", "declined", "waiting"]

    stripe_sandbox.pay(declined.checkout_url, "pm_card_mastercard")
    paid = checkout.refresh(payment=declined, now=now)
    assert (paid.state, paid.card_brand, paid.decline_reason) == (State.AUTHORIZED, "mastercard", "")
    assert consequences.kinds() == ["authorised", "authorised", "declined", "waiting"]


def test_the_bank_asks_first(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    for _ in range(2):
        waiting = collected(extension, now)
        assert (waiting.state, waiting.waits_for) == (State.CREATED, "confirm")
    assert waiting.confirm_url == f"{stripe_sandbox.url}/authenticate/{waiting.attempt_id}"
    assert consequences.kinds() == ["authorised", "waiting"]

    back = stripe_sandbox.authenticate(waiting.attempt_id).headers["Location"]
    assert back.startswith(extension.return_url)
    paid = checkout.refresh(payment=extension, now=now)
    assert (paid.state, paid.waits_for) == (State.AUTHORIZED, "")
    assert len(attempts(stripe_sandbox, extension)) == 1


def test_after_a_failed_authentication_another_card_can_pay(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    stripe_sandbox.authenticate(waiting.attempt_id, approve=False)
    checkout.refresh(payment=extension, now=now)
    run_all()  # only the queued job can continue
    extension.refresh_from_db()
    assert (extension.waits_for, extension.decline_code) == ("pay", "payment_intent_authentication_failure")
    assert live(stripe_sandbox, extension) == ["page"]


def test_after_an_abandoned_authentication_another_card_can_pay(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    ledger.use_another_card(extension)
    other = collected(extension, now)
    assert (other.waits_for, live(stripe_sandbox, extension)) == ("pay", ["page"])
    stripe_sandbox.authenticate(waiting.attempt_id)  # the forgotten tab
    stripe_sandbox.pay(other.checkout_url)
    assert checkout.refresh(payment=extension, now=now).intent_id != waiting.attempt_id
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_extension_confirmed_before_the_choice_of_another_card_is_paid(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    stripe_sandbox.authenticate(collected(extension, now).attempt_id)
    ledger.use_another_card(extension)
    assert collected(extension, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_without_a_saved_card_a_page_opens(
    extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    for _ in range(2):
        opened = collected(extension, now)
    assert (opened.waits_for, live(stripe_sandbox, extension)) == ("pay", ["page"])
    assert consequences.kinds() == ["waiting"]


def test_without_consent_the_saved_card_is_not_asked(
    kept: StripeCustomer, customer: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    payment = open_extension(customer, now, keep_card=False)
    assert collected(payment, now).waits_for == "pay"
    assert live(stripe_sandbox, payment) == ["page"]


def test_a_card_that_stripe_no_longer_has_is_forgotten(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, customer: User, now: datetime
) -> None:
    [method] = stripe_sandbox.app.store.find("payment_method")
    stripe_sandbox.app.store.put(method | {"customer": None, "_used": True})
    opened = collected(extension, now)
    assert (opened.waits_for, "no longer works" in str(opened.decline_reason)) == ("pay", True)
    assert saved_card.of(customer) is None


def test_a_new_card_is_kept_instead(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, customer: User, now: datetime
) -> None:
    behave("pm_card_chargeDeclined")
    stripe_sandbox.pay(collected(extension, now).checkout_url, "pm_card_mastercard")
    checkout.refresh(payment=extension, now=now)
    assert saved_card.of(customer) == saved_card.SavedCard("mastercard", "4444")


def test_a_card_removed_meanwhile_is_not_kept_again(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, customer: User, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    StripeCustomer.objects.filter(user=customer).update(payment_method_id="", card_last4="")
    stripe_sandbox.authenticate(waiting.attempt_id)
    assert checkout.refresh(payment=extension, now=now).state == State.AUTHORIZED
    assert saved_card.of(customer) is None


def test_time_of_an_extension_is_granted_once(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    held = collected(extension, now)
    given = [ledger.grant(owner_id=held.owner_id, payment_id=held.id, now=now) for _ in range(3)]
    assert [one and one.granted_at for one in given] == [now, None, None]


@pytest.mark.parametrize("change", [{"state": State.CREATED}, {"due_cents": 0}, {"purpose": "booking"}])
def test_a_failed_or_canceled_extension_grants_no_time(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime, change: dict[str, Any]
) -> None:
    held = collected(extension, now)
    Payment.objects.filter(id=held.id).update(**change)
    assert ledger.grant(owner_id=held.owner_id, payment_id=held.id, now=now) is None


def test_a_page_of_long_ago_is_replaced(extension: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    first = collected(extension, now)
    stripe_sandbox.advance(3600)
    second = collected(extension, now + timedelta(hours=1))
    assert second.checkout_id != first.checkout_id
    assert live(stripe_sandbox, extension) == ["page"]
