"""Disputes: the stored row, the held earning, the refused refund."""

from datetime import datetime

import pytest

from autodoctor.payments import disputes, ledger
from autodoctor.payments.models import Dispute, Payment, Refund
from autodoctor.payments.payment_sync import sync_payment
from autodoctor.payments.tests.stand import PRICE_CENTS, Consequences, as_disputed, as_stripe_has_it, scheduled


def apply(payment: Payment, now: datetime, *statuses: str) -> Payment:
    """Apply these statuses of the charge's dispute of 1,000 cents, one after the other."""
    for status in statuses:
        seen = (as_disputed(status=status),)
        payment = sync_payment(
            payment_id=payment.id,
            snapshot=as_stripe_has_it(payment, "succeeded", disputed=True, disputes=seen),
            now=now,
        )
    payment.refresh_from_db()
    return payment


def test_a_dispute_is_written_down_told_once_and_holds_the_earning(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    payment = apply(payment, now, "needs_response", "needs_response", "under_review")

    kept = payment.disputes.get()
    assert (kept.amount_cents, kept.reason, kept.status, kept.is_open) == (1000, "fraudulent", "under_review", True)
    assert (payment.disputed_at, payment.state) == (now, Payment.State.CAPTURED)
    assert disputes.holds_earning(payment)
    (told,) = [payload for payload in consequences.payloads() if "dispute_id" in payload]
    assert (told["dispute_id"], str(told["amount_cents"]), told["reason"]) == ("du_1", "1000", "fraudulent")


@pytest.mark.parametrize(
    ("ends", "outcome", "lost"), [("won", "won", 0), ("warning_closed", "won", 0), ("lost", "lost", 1000)]
)
def test_closed_dispute_is_told_once_and_decides_earning_and_refund(
    payment: Payment, consequences: Consequences, now: datetime, ends: str, outcome: str, lost: int
) -> None:
    payment = apply(payment, now, "needs_response", ends, ends, "needs_response")

    kept = payment.disputes.get()
    assert (kept.outcome, kept.status, kept.closed_at) == (outcome, ends, now), "older news does not open it again"
    assert not disputes.holds_earning(payment), "what was lost is not earned; the rest is"
    assert disputes.lost_cents(payment) == lost
    assert ledger.refundable_cents(payment) == PRICE_CENTS - lost
    assert consequences.kinds().count("dispute_closed") == 1


def test_disputed_charge_holds_its_earning_before_the_dispute_is_listed(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    sync_payment(payment_id=payment.id, snapshot=as_stripe_has_it(payment, "succeeded", disputed=True), now=now)
    payment.refresh_from_db()

    assert disputes.holds_earning(payment)
    assert consequences.kinds().count("disputed") == 1


def test_nothing_is_given_back_while_a_bank_asks(payment: Payment, now: datetime) -> None:
    payment = apply(payment, now, "needs_response")
    with pytest.raises(ledger.Disputed):
        ledger.refund(payment_id=payment.id, amount_cents=100, reason="x", now=now)
    assert not Refund.objects.exists()
    assert "payment.refund" not in scheduled()

    payment = apply(payment, now, "won")
    ledger.refund(payment_id=payment.id, amount_cents=PRICE_CENTS, reason="x", now=now)


def test_an_inquiry_is_answered_with_a_refund(payment: Payment, now: datetime) -> None:
    """The bank only asks: the refund keeps it from taking the money."""
    payment = apply(payment, now, "warning_needs_response")
    ledger.refund(payment_id=payment.id, amount_cents=PRICE_CENTS, reason="x", now=now)
    assert disputes.holds_earning(payment), "until the bank has closed it"

    payment = apply(payment, now, "needs_response")
    assert disputes.blocks_refunds(payment)


def test_a_lost_dispute_cannot_be_refunded_too(payment: Payment, now: datetime) -> None:
    payment = apply(payment, now, "lost")
    with pytest.raises(ledger.NotRefundable):
        ledger.refund(payment_id=payment.id, amount_cents=PRICE_CENTS - 1000 + 1, reason="x", now=now)


def test_two_disputes_of_one_charge_are_kept_and_told_separately(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    seen = (as_disputed("du_1", status="won"), as_disputed("du_2", amount_cents=500))
    snapshot = as_stripe_has_it(payment, "succeeded", disputed=True, disputes=seen)
    for _ in range(2):
        sync_payment(payment_id=payment.id, snapshot=snapshot, now=now)

    assert Dispute.objects.count() == 2
    assert disputes.is_open(payment)
    assert consequences.kinds().count("disputed") == 2
