"""Disputes of charges: their present state at Stripe, and their effect on earnings and refunds.

A dispute changes money only; the session stays as it is.
"""

from collections.abc import Collection
from datetime import datetime

from autodoctor.payments.job_kinds import DisputeNews, PaymentFact, PaymentNews, news_of
from autodoctor.payments.models import Dispute, Payment
from autodoctor.payments.stripe import DisputeSnapshot, PaymentSnapshot
from autodoctor.scheduler.queue import schedule

Outcome = Dispute.Outcome


def holds_earning(payment: Payment) -> bool:
    """Return whether a dispute holds the earning: a dispute is open, or its details are not known yet."""
    return hold_earning(payment, payment.disputes.all())


def hold_earning(payment: Payment, found: Collection[Dispute]) -> bool:
    """Return the same of a payment whose disputes are known."""
    return any(dispute.is_open for dispute in found) or (payment.disputed_at is not None and not found)


def is_open(payment: Payment) -> bool:
    return any(dispute.is_open for dispute in payment.disputes.all())


def blocks_refunds(payment: Payment) -> bool:
    """Return whether a bank has the money and has not decided yet."""
    return any(dispute.is_open and dispute.took_money for dispute in payment.disputes.all())


def lost_cents(payment: Payment) -> int:
    """Return the cents that banks have taken back of this charge for good."""
    lost = sum(dispute.amount_cents for dispute in payment.disputes.all() if dispute.outcome == Outcome.LOST)
    return min(lost, payment.captured_cents)


def follow(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> None:
    """Store the state of a payment's disputes and schedule the news. The caller holds the payment's lock."""
    first = Payment.objects.filter(id=payment.id, disputed_at=None).update(disputed_at=now)
    if first:
        payment.disputed_at = now
    if first and not snapshot.disputes:  # Stripe's list lags behind its charge: nothing more is known yet
        _tell(PaymentFact.DISPUTED, payment, now)
    for seen in snapshot.disputes:
        _follow(payment, seen, now)


def _follow(payment: Payment, seen: DisputeSnapshot, now: datetime) -> None:
    dispute, new = Dispute.objects.get_or_create(
        stripe_id=seen.id,
        defaults={
            "payment": payment,
            "amount_cents": seen.amount_cents,
            "currency": seen.currency,
            "reason": seen.reason[:60],
            "status": seen.status[:40],
            "evidence_due_at": seen.evidence_due_at,
            "opened_at": seen.opened_at,
        },
    )
    if new:
        _tell(PaymentFact.DISPUTED, payment, now, dispute)
    if seen.outcome:
        _close(payment, dispute, seen, now)
    else:  # older news of one that is closed changes nothing
        Dispute.objects.filter(id=dispute.id, outcome="").update(
            amount_cents=seen.amount_cents, status=seen.status[:40], evidence_due_at=seen.evidence_due_at
        )


def _close(payment: Payment, dispute: Dispute, seen: DisputeSnapshot, now: datetime) -> None:
    changed = Dispute.objects.filter(id=dispute.id).exclude(outcome=seen.outcome)
    if changed.update(outcome=seen.outcome, status=seen.status[:40], amount_cents=seen.amount_cents, closed_at=now):
        dispute.outcome = seen.outcome
        _tell(PaymentFact.DISPUTE_CLOSED, payment, now, dispute)


def _tell(fact: PaymentFact, payment: Payment, now: datetime, dispute: Dispute | None = None) -> None:
    news = _news(payment, dispute) if dispute else news_of(payment)
    schedule(fact, dispute.stripe_id if dispute else str(payment.id), now, session_id=payment.owner_id, payload=news)


def _news(payment: Payment, dispute: Dispute) -> PaymentNews:
    return DisputeNews(
        **news_of(payment),
        dispute_id=dispute.stripe_id,
        outcome=dispute.outcome,
        amount_cents=dispute.amount_cents,
        currency=dispute.currency,
        reason=dispute.reason,
    )
