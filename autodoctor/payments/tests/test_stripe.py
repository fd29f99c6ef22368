"""Stripe's errors are translated, and nothing secret is stored."""

import logging
from datetime import datetime
from uuid import uuid4

import pytest
from pytest_django import Settings

from autodoctor.payments import stripe
from autodoctor.payments.models import Payment
from autodoctor.payments.stripe import Declined, Invalid, PaymentError, Unavailable, Unknown
from autodoctor.payments.tests.stand import PRICE_CENTS
from tests.kit.stripe_sandbox import RunningSandbox


def test_an_unknown_object_raises_unknown(stripe_sandbox: RunningSandbox) -> None:
    with pytest.raises(Unknown):
        stripe.payment("pi_of_nobody")


def test_an_impossible_request_raises_invalid(held: Payment) -> None:
    stripe.cancel(held.intent_id, key="first")
    with pytest.raises(Invalid, match="payment_intent_unexpected_state"):
        stripe.capture(held.intent_id, amount_cents=1000, key="second")


def test_the_same_key_for_two_requests_is_refused(held: Payment) -> None:
    stripe.capture(held.intent_id, amount_cents=1000, key="k")
    with pytest.raises(Invalid, match="idempotency_error"):
        stripe.capture(held.intent_id, amount_cents=1001, key="k")


def test_the_same_key_again_has_the_same_answer(held: Payment) -> None:
    first = stripe.capture(held.intent_id, amount_cents=1000, key="k")
    assert stripe.capture(held.intent_id, amount_cents=1000, key="k") == first


def test_change_at_stripe_without_idempotency_key_is_refused(held: Payment) -> None:
    with pytest.raises(ValueError, match="idempotency key"):
        stripe.capture(held.intent_id, amount_cents=PRICE_CENTS, key="")


def test_unreachable_stripe_raises_unavailable(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autodoctor.payments.stripe.client.RETRIES", 0)
    settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY = "http://127.0.0.1:9", f"sk_test_{uuid4().hex}"
    with pytest.raises(Unavailable) as failure:
        stripe.payment("pi_1")
    assert "Try again" in str(failure.value.sentence)


def test_refused_stripe_key_raises_unavailable(stripe_sandbox: RunningSandbox, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_wrong"
    with pytest.raises(Unavailable, match="AuthenticationError 401"):
        stripe.payment("pi_1")


def test_a_refused_card_has_words_for_its_holder() -> None:
    assert "insufficient funds" in str(Declined("insufficient_funds").sentence)
    assert str(Declined("stolen_card").sentence) == str(Declined("generic_decline").sentence), "tells a finder nothing"


def test_payment_snapshot_has_card_refunds_and_dispute(held: Payment, stripe_sandbox: RunningSandbox) -> None:
    stripe.capture(held.intent_id, amount_cents=2000, key="capture")
    made = stripe.refund(held.intent_id, amount_cents=500, refund_id=uuid4(), key="refund")
    stripe_sandbox.control("disputes", charge=stripe.payment(held.intent_id).charge_id)

    seen = stripe.payment(held.intent_id)
    assert (seen.status, seen.amount_cents, seen.received_cents, seen.currency) == ("succeeded", 2999, 2000, "usd")
    assert (seen.payment_id, seen.owner_id) == (str(held.id), str(held.owner_id))
    assert (seen.card_brand, seen.card_last4, seen.livemode) == ("visa", "4242", False)
    assert (seen.disputed, seen.refunded_cents, seen.refunds) == (True, 500, (made,))


@pytest.mark.parametrize("status", [0, 500])
def test_nothing_secret_is_written_down(
    held: Payment,
    stripe_sandbox: RunningSandbox,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    now: datetime,
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    snapshot = stripe.payment(held.intent_id)
    if status:
        stripe_sandbox.control("faults", path=".*", status=status, times=9)
    try:
        stripe.capture(held.intent_id, amount_cents=1000, key="capture")
    except PaymentError as error:
        logging.getLogger(__name__).exception("as a caller might: %r %s", error, vars(error))

    written = caplog.text
    [intent] = stripe_sandbox.app.store.find("payment_intent")
    ours = [settings.STRIPE_SECRET_KEY, *settings.STRIPE_WEBHOOK_SECRETS]
    secrets = [*ours, intent["client_secret"], snapshot.payment_method_id]
    assert [secret for secret in secrets if secret in written] == []
