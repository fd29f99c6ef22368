"""Apply Stripe's present state to our row. The first caller wins, later callers change nothing."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from autodoctor.core.parsing import parse_uuid
from autodoctor.payments import disputes, earnings
from autodoctor.payments.job_kinds import PaymentFact, PaymentJob, RefundNews, news_of
from autodoctor.payments.models import Payment, Refund, StripeCustomer
from autodoctor.payments.stripe import PaymentSnapshot, RefundSnapshot
from autodoctor.scheduler.queue import schedule

logger = logging.getLogger(__name__)

State = Payment.State
HELD_OR_CHARGED = ("requires_capture", "succeeded")
ANOTHER_WAY = timedelta(seconds=3)  # after a decline, unless the caller that learned of it has opened a page by then


def sync_payment(*, payment_id: UUID, snapshot: PaymentSnapshot, now: datetime) -> Payment:
    """Move the payment to Stripe's state, and schedule the news in the same transaction.

    A snapshot that disagrees with our row moves nothing: `payment.mismatch` is scheduled, once per difference. Raises
    `Payment.DoesNotExist`.
    """
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=payment_id)
        if reason := disagreement(payment, snapshot):
            report_mismatch(payment, reason, now, found=snapshot.intent_id)
        elif payment.intent_id in ("", snapshot.intent_id):  # other intents are failed attempts
            _follow(payment, snapshot, now)
    return payment


def disagreement(payment: Payment, snapshot: PaymentSnapshot) -> str:
    """Return the fields that differ and must not; empty if they agree."""
    another_hold = payment.intent_id not in ("", snapshot.intent_id) and snapshot.status in HELD_OR_CHARGED
    differs = {
        "reference": snapshot.payment_id != str(payment.id),
        "owner": snapshot.owner_id != str(payment.owner_id),
        "customer": bool(snapshot.customer_id) and snapshot.customer_id not in _customers(payment),
        "amount": snapshot.amount_cents != payment.amount_cents,
        "held": snapshot.status == "requires_capture" and snapshot.capturable_cents != payment.amount_cents,
        "currency": snapshot.currency != payment.currency,
        "livemode": snapshot.livemode != settings.STRIPE_LIVEMODE,
        "second_hold": another_hold,
    }
    return next((name for name, yes in differs.items() if yes), "")


def _customers(payment: Payment) -> set[str]:
    """Return the payer's customer at Stripe, and whom our requests named: one that is gone there is made anew."""
    requests = (payment.checkout_request, payment.attempt_request, payment.entry_request)
    present = StripeCustomer.objects.filter(user=payment.payer_id).values_list("stripe_id", flat=True)
    return {request.get("customer", "") for request in requests} | set(present)


def report_mismatch(payment: Payment, reason: str, now: datetime, *, found: str) -> None:
    """Alert support once per difference: `found` tells two apart in the same field. Runs in a transaction."""
    this = f"{reason} {found}"
    known = Payment.objects.select_for_update().values_list("mismatches", flat=True).get(id=payment.id)
    payment.mismatch = reason
    if this in known:
        return
    Payment.objects.filter(id=payment.id).update(mismatch=reason, mismatches=[*known, this])
    key = f"{payment.id}:{len(known)}" if known else str(payment.id)  # an alert on its way is not replaced by the next
    schedule(PaymentFact.MISMATCH, key, now, session_id=payment.owner_id, payload=news_of(payment))


def report_refusal(payment: Payment, code: str, now: datetime) -> None:
    """Alert support that Stripe refuses to open a page, once per code."""
    logger.error("Stripe refuses to open a Checkout: %s", code)
    with transaction.atomic():
        if Payment.objects.filter(id=payment.id).exclude(refused_code=code[:120]).update(refused_code=code[:120]):
            payment.refused_code = code[:120]
            _tell(PaymentFact.REFUSED, payment, now)


def abandon(*, payment_id: UUID, now: datetime) -> None:
    """End a canceled payment, which can no longer be paid, as not paid."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=payment_id)
        if payment.due_cents == 0 and _move(payment, [State.CREATED], State.FAILED, closed_at=now):
            _tell(PaymentFact.FAILED, payment, now)


def sync_refund(*, refund_id: UUID, snapshot: RefundSnapshot | None, now: datetime) -> None:
    """Store the result of a refund; None: Stripe refused it."""
    with transaction.atomic():
        refund = Refund.objects.select_related("payment").get(id=refund_id)
        if snapshot is None:
            _fail_refund(refund, now)
        else:
            _follow_refund(refund.payment, snapshot, now)


def wait_for(what: Payment.WaitsFor, payment: Payment, now: datetime, **changes: Any) -> None:
    """Store that the card's holder has to act; announced once to the waiting participants."""
    with transaction.atomic():
        if _open(payment).exclude(waits_for=what).update(waits_for=what, **changes):
            _tell(PaymentFact.WAITING, payment, now)


def decline(payment: Payment, code: str, now: datetime) -> None:
    """Store a decline. For an extension, announce the decline and open another way to pay."""
    with transaction.atomic():
        if not _open(payment).exclude(decline_code=code[:80]).update(decline_code=code[:80]):
            return
        payment.decline_code = code[:80]
        if payment.purpose != Payment.Purpose.EXTENSION:
            return
        _tell(PaymentFact.DECLINED, payment, now)
        if not payment.checkout_number and not payment.entry_opened_at:
            _open(payment).update(waits_for="")
            schedule(PaymentJob.COLLECT, str(payment.id), now + ANOTHER_WAY, session_id=payment.owner_id)


def _follow(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> None:
    if snapshot.status in HELD_OR_CHARGED:
        _authorize(payment, snapshot, now)
    if snapshot.status == "succeeded":
        _capture(payment, snapshot, now)
    elif snapshot.status == "canceled":
        _release(payment, snapshot, now)
    elif snapshot.confirm_url and payment.attempt_id == snapshot.intent_id:
        wait_for(Payment.WaitsFor.CONFIRM, payment, now, confirm_url=snapshot.confirm_url[:2000])
    elif snapshot.decline_code:
        decline(payment, snapshot.decline_code, now)
    for refund in snapshot.refunds:
        _follow_refund(payment, refund, now)
    if snapshot.disputed:
        disputes.follow(payment, snapshot, now)
        earnings.schedule_advance(payment.id, now)


def _authorize(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> None:
    too_late = payment.due_cents == 0  # called off, or given up as not paid
    moved = _move(
        payment,
        [State.CREATED, State.FAILED],
        State.AUTHORIZED,
        intent_id=snapshot.intent_id,
        charge_id=snapshot.charge_id,
        card_brand=snapshot.card_brand[:20],
        card_last4=snapshot.card_last4[:4],
        decline_code="",
        waits_for="",
        authorized_at=now,
        capture_before=snapshot.capture_before,
        closed_at=None,
    )
    if moved and too_late:
        schedule(PaymentJob.RELEASE, str(payment.id), now, session_id=payment.owner_id)
    elif moved:
        _keep_card(payment, snapshot, now)
        _tell(PaymentFact.AUTHORIZED, payment, now)


def _keep_card(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> None:
    """Save the card only with this payment's consent; an earlier saved card may have been removed meanwhile."""
    was_kept = payment.attempt_id == snapshot.intent_id
    if payment.keep_card and snapshot.customer_id and snapshot.payment_method_id and not was_kept:
        StripeCustomer.objects.filter(user=payment.payer_id, stripe_id=snapshot.customer_id).update(
            payment_method_id=snapshot.payment_method_id,
            card_brand=snapshot.card_brand[:20],
            card_last4=snapshot.card_last4[:4],
            card_kept_at=now,
        )


def _capture(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> None:
    received = snapshot.received_cents
    captured = min(received, payment.amount_cents)
    if not _move(payment, [State.AUTHORIZED], State.CAPTURED, captured_cents=captured, closed_at=now):
        return
    _tell(PaymentFact.CAPTURED, payment, now)
    if payment.due_cents is not None:  # otherwise the end of the session makes the earning
        _tell(PaymentFact.EARNED, payment, now)
    if received != payment.to_capture_cents:  # captured outside this program, or another amount than decided
        report_mismatch(payment, "captured", now, found=str(received))


def _release(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> None:
    """Mark as released, also a hold that came and went before we looked, so that older news finds a closed row."""
    sources = [State.AUTHORIZED, *((State.CREATED, State.FAILED) if snapshot.was_held else ())]
    if not _move(payment, sources, State.RELEASED, intent_id=snapshot.intent_id, closed_at=now):
        return
    _tell(PaymentFact.RELEASED, payment, now)
    if payment.to_capture_cents or payment.due_cents is None:  # the hold was gone before it could be charged
        report_mismatch(payment, "hold_lost", now, found=snapshot.intent_id)


def _follow_refund(payment: Payment, snapshot: RefundSnapshot, now: datetime) -> None:
    if not snapshot.moved_money:
        return
    refund = _refund_row(payment, snapshot, now)
    if snapshot.status in ("failed", "canceled"):
        _fail_refund(refund, now)
        return
    requested = Refund.objects.filter(id=refund.id, state=Refund.State.REQUESTED)
    if requested.update(state=Refund.State.ISSUED, stripe_id=snapshot.id):
        _tell_of_refund(PaymentFact.REFUNDED, refund, now)


def _fail_refund(refund: Refund, now: datetime) -> None:
    """Mark the refund as failed, so that its amount can be refunded in another way."""
    not_yet = Refund.objects.filter(id=refund.id).exclude(state=Refund.State.FAILED)
    if not_yet.update(state=Refund.State.FAILED):
        _tell_of_refund(PaymentFact.REFUND_FAILED, refund, now)


def _refund_row(payment: Payment, snapshot: RefundSnapshot, now: datetime) -> Refund:
    """Return our refund by its reference; a refund made at Stripe is added to the ledger."""
    refund_id = parse_uuid(snapshot.refund_id)
    if refund_id and (ours := payment.refunds.filter(id=refund_id).first()):
        return ours
    made_at_stripe, _created = Refund.objects.get_or_create(
        stripe_id=snapshot.id,
        defaults={
            "payment": payment,
            "amount_cents": snapshot.amount_cents,
            "reason": "made at Stripe",
            "created_at": now,
        },
    )
    return made_at_stripe


def _move(payment: Payment, sources: Collection[str], target: State, **changes: Any) -> bool:
    """Compare and set: only one of many callers with the same news moves the row."""
    moved = Payment.objects.filter(id=payment.id, state__in=sources).update(state=target, **changes)
    if moved:
        payment.state = target
        for name, value in changes.items():
            setattr(payment, name, value)
    return bool(moved)


def _open(payment: Payment) -> QuerySet[Payment]:
    """Return the row while it can still be paid."""
    return Payment.objects.filter(id=payment.id, state=State.CREATED, due_cents=None)


def _tell(fact: PaymentFact, payment: Payment, now: datetime) -> None:
    schedule(fact, str(payment.id), now, session_id=payment.owner_id, payload=news_of(payment))


def _tell_of_refund(fact: PaymentFact, refund: Refund, now: datetime) -> None:
    news = RefundNews(**news_of(refund.payment), refund_id=str(refund.id))
    schedule(fact, str(refund.id), now, session_id=refund.payment.owner_id, payload=news)
    earnings.schedule_advance(refund.payment_id, now)
