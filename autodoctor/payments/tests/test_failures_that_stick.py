"""A 500 of Stripe sticks to its idempotency key for a day: every change has a way on, and happens once."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import ledger, payouts, saved_card, stripe
from autodoctor.payments.models import FailedKey, Payment, Refund, StripeCustomer
from autodoctor.payments.tests.stand import LATER, Book, attempts, collected, live, open_page, run_all
from autodoctor.scheduler.loop import run_due
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State
moments = pytest.mark.parametrize("moment", ["before", "after"])


def fail(sandbox: RunningSandbox, path: str, moment: str, times: int = 1) -> None:
    sandbox.control("faults", method="POST", path=path, status=500, when=moment, times=times)


def made(sandbox: RunningSandbox, kind: str) -> int:
    return len(sandbox.app.store.find(kind))


@moments
@pytest.mark.parametrize("keep_card", [True, False])
def test_checkout_opens_at_the_next_press_after_a_500(
    book: Book, stripe_sandbox: RunningSandbox, now: datetime, moment: str, keep_card: bool
) -> None:
    payment = book(keep_card=keep_card)
    fail(stripe_sandbox, "checkout/sessions", moment)
    with pytest.raises(stripe.Unavailable):
        open_page(payment, now)
    page = open_page(payment, now)
    assert page.checkout_url
    assert live(stripe_sandbox, payment) == ["page"], "one page, not two"


@moments
def test_customer_is_created_once_at_the_next_press_after_a_500(
    book: Book, stripe_sandbox: RunningSandbox, now: datetime, moment: str
) -> None:
    payment = book(keep_card=True)
    fail(stripe_sandbox, "customers", moment)
    with pytest.raises(stripe.Unavailable):
        open_page(payment, now)
    assert open_page(payment, now).checkout_url
    assert made(stripe_sandbox, "customer") == 1


@moments
def test_extension_is_held_once_after_a_500(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime, moment: str
) -> None:
    fail(stripe_sandbox, "payment_intents", moment)
    with pytest.raises(stripe.Unavailable):
        saved_card.collect(payment=extension, now=now)
    assert collected(extension, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, extension) == ["requires_capture"]
    assert len(attempts(stripe_sandbox, extension)) == 1


@moments
@pytest.mark.parametrize(("path", "cents"), [(".*/capture", 1000), (".*/cancel", 0)])
def test_hold_is_captured_or_released_after_a_500(
    held: Payment, stripe_sandbox: RunningSandbox, now: datetime, moment: str, path: str, cents: int
) -> None:
    fail(stripe_sandbox, path, moment)
    ledger.finish(owner_id=held.owner_id, due=lambda all_: {held.id: cents}, now=now)
    run_all()
    held.refresh_from_db()
    assert (held.state, held.captured_cents) == (State.CAPTURED if cents else State.RELEASED, cents)


@moments
def test_hold_is_captured_after_two_500s(
    held: Payment, stripe_sandbox: RunningSandbox, now: datetime, moment: str
) -> None:
    fail(stripe_sandbox, ".*/capture", "before")
    ledger.finish(owner_id=held.owner_id, due=lambda all_: {held.id: 1000}, now=now)
    run_due(timezone.now())
    fail(stripe_sandbox, ".*/capture", moment)
    run_due(timezone.now() + LATER)
    run_due(timezone.now() + 2 * LATER)
    held.refresh_from_db()
    assert held.state == State.CAPTURED


@moments
def test_refund_is_given_once_after_a_500(
    held: Payment, stripe_sandbox: RunningSandbox, now: datetime, moment: str
) -> None:
    ledger.finish(owner_id=held.owner_id, due=lambda all_: {held.id: 2000}, now=now)
    run_all()
    fail(stripe_sandbox, "refunds", moment)
    refund = ledger.refund(payment_id=held.id, amount_cents=500, reason="late", now=now)
    run_all()
    refund.refresh_from_db()
    assert refund.state == Refund.State.ISSUED
    assert made(stripe_sandbox, "refund") == 1


@moments
def test_account_is_opened_once_after_a_500(
    mechanic: User, stripe_sandbox: RunningSandbox, now: datetime, moment: str
) -> None:
    pages = {"refresh_url": "http://localhost:8000/over/", "return_url": "http://localhost:8000/done/"}
    fail(stripe_sandbox, "accounts", moment)
    with pytest.raises(stripe.Unavailable):
        payouts.onboarding_page(user=mechanic, country="US", now=now, **pages)
    assert payouts.onboarding_page(user=mechanic, country="US", now=now, **pages)
    assert made(stripe_sandbox, "account") == 1


def test_capture_repeats_its_key_after_an_outage(held: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    """Nobody knows whether the charge came about: the same key finds out."""
    stripe_sandbox.control("faults", path=".*/capture", status=503, times=3, when="after")
    ledger.finish(owner_id=held.owner_id, due=lambda all_: {held.id: 1000}, now=now)
    run_all()
    held.refresh_from_db()
    assert held.state == State.CAPTURED
    assert not FailedKey.objects.exists()


def test_a_refund_without_balance_waits(held: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    ledger.finish(owner_id=held.owner_id, due=lambda all_: {held.id: 2000}, now=now)
    run_all()
    stripe_sandbox.control("switches", balance_cents=0)
    refund = ledger.refund(payment_id=held.id, amount_cents=500, reason="late", now=now)
    run_all()
    refund.refresh_from_db()
    assert refund.state == Refund.State.REQUESTED
    stripe_sandbox.control("switches", balance_cents=500)
    run_due(timezone.now() + timedelta(days=1))
    refund.refresh_from_db()
    assert refund.state == Refund.State.ISSUED
