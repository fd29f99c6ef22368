"""Job handlers that call Stripe. Each may run again after a crash: same key, same outcome."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from autodoctor.payments import (
    attempts,
    books,
    checkout,
    customers,
    debts,
    earnings,
    payouts,
    reconcile,
    saved_card,
    standstills,
    stripe,
    webhook_inbox,
)
from autodoctor.payments.idempotency import once
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Payment, Refund
from autodoctor.payments.payment_sync import abandon, report_mismatch, sync_payment, sync_refund
from autodoctor.payments.stripe import PaymentSnapshot, RefundSnapshot
from autodoctor.scheduler.handlers import Handler, Retry, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

logger = logging.getLogger(__name__)

RECONCILED = timedelta(days=8)  # at least: holds that are older are looked at, too
State = Payment.State


def capture(job: Job, now: datetime) -> None:
    """Charge the due amount of a hold."""
    payment = Payment.objects.get(id=job.key)
    due = payment.to_capture_cents
    if payment.state == State.AUTHORIZED and due:
        _end_hold(payment, job, lambda key: stripe.capture(payment.intent_id, amount_cents=due, key=key), now)


def release(job: Job, now: datetime) -> None:
    """Release a hold of which nothing is due."""
    payment = Payment.objects.get(id=job.key)
    decided = payment.due_cents is not None and not payment.to_capture_cents
    if payment.state == State.AUTHORIZED and decided:
        _end_hold(payment, job, lambda key: stripe.cancel(payment.intent_id, key=key), now)


def close(job: Job, now: datetime) -> None:
    """Cancel an unpaid payment. A payment that succeeds first is synced, which releases it."""
    payment = Payment.objects.get(id=job.key)
    if payment.state == State.CREATED and payment.due_cents == 0:
        checkout.shut(payment=payment, now=now)
        abandon(payment_id=payment.id, now=now)


def collect(job: Job, now: datetime) -> None:
    """Continue a payment of a running session from where it stopped."""
    payment = Payment.objects.get(id=job.key)
    with suppress(attempts.NotPayable):
        saved_card.collect(payment=payment, now=now)


def forget_card(job: Job, now: datetime) -> None:
    """Delete a removed card at Stripe; a card that is already gone is fine."""
    with suppress(stripe.Invalid, stripe.Unknown):
        once(job.idempotency_key, lambda key: stripe.forget_card(job.key, key=key))


def give_back(job: Job, now: datetime) -> None:
    """Issue a refund of the ledger. Without balance it waits; one that Stripe refuses ends as failed."""
    refund = Refund.objects.select_related("payment").get(id=job.key)
    if refund.state == Refund.State.REQUESTED:
        sync_refund(refund_id=refund.id, snapshot=_refund_at_stripe(refund), now=now)


def reconcile_recent(job: Job, now: datetime) -> None:
    """Alert support once about every payment that differs at Stripe; log differences without a payment."""
    for difference in [*reconcile.differences(oldest_open(now - RECONCILED)), *books.unexplained()]:
        known = Payment.objects.filter(id=difference.payment_id) if difference.payment_id else Payment.objects.none()
        if (payment := known.first()) is None:
            logger.error("Stripe has a %s that nobody here knows: %s", difference.of, difference.stripe_id)
            continue
        with transaction.atomic():
            report_mismatch(payment, f"reconcile_{difference.what}", now, found=difference.found)


def oldest_open(since: datetime) -> datetime:
    """Return when the oldest hold was booked, at the latest `since`: its bank says how long it lasts."""
    held = Payment.objects.filter(state=State.AUTHORIZED, created_at__lt=since)
    return min(held.values_list("created_at", flat=True), default=since)


def _refund_at_stripe(refund: Refund) -> RefundSnapshot | None:
    """Return the earlier refund if Stripe has forgotten the key, else create a refund."""
    intent_id = refund.payment.intent_id
    for made in stripe.payment(intent_id).refunds:
        if made.refund_id == str(refund.id):
            return made
    try:
        return once(
            f"refund:{refund.id}",
            lambda key: stripe.refund(intent_id, amount_cents=refund.amount_cents, refund_id=refund.id, key=key),
        )
    except (stripe.Invalid, stripe.Declined) as refused:
        if refused.code in stripe.NO_BALANCE:
            raise Retry(payouts.BALANCE_PAUSE, refused.code) from refused
        return None


def advance(job: Job, now: datetime) -> None:
    """Send or take back a mechanic's share of a charge."""
    earnings.advance(payment_id=UUID(job.key), now=now)


def ask_again(job: Job, now: datetime) -> None:
    """Try to take back what mechanics owe."""
    earnings.ask_again([debt.id for debt in debts.open_debts()], now)


def _end_hold(payment: Payment, job: Job, act: Callable[[str], PaymentSnapshot], now: datetime) -> None:
    """Capture or cancel. Stripe refuses both for a hold that is over, whatever the key."""
    try:
        sync_payment(payment_id=payment.id, snapshot=once(job.idempotency_key, act), now=now)
    except (stripe.Invalid, stripe.Declined):  # the attempt may be over: read its present state
        found = stripe.payment(payment.intent_id)
        if sync_payment(payment_id=payment.id, snapshot=found, now=now).state == State.AUTHORIZED:
            raise


ATTEMPTS = 30  # about a day: longer than an outage of Stripe, shorter than a hold lasts

JOBS: dict[str, Handler] = {
    PaymentJob.CAPTURE: Handler(run=capture, lane=Lane.STRIPE, attempts=ATTEMPTS),
    PaymentJob.RELEASE: Handler(run=release, lane=Lane.STRIPE, attempts=ATTEMPTS),
    PaymentJob.CLOSE: Handler(run=close, lane=Lane.STRIPE, attempts=ATTEMPTS),
    PaymentJob.COLLECT: Handler(run=collect, lane=Lane.STRIPE),
    PaymentJob.REFUND: Handler(run=give_back, lane=Lane.STRIPE, attempts=ATTEMPTS),
    PaymentJob.FORGET_CARD: Handler(run=forget_card, lane=Lane.STRIPE, attempts=ATTEMPTS),
    PaymentJob.RECONCILE: Handler(run=reconcile_recent, lane=Lane.STRIPE, every=always(days=1)),
    PaymentJob.SWEEP: Handler(run=standstills.sweep, lane=Lane.INSIDE, every=always(minutes=10)),
    PaymentJob.ADVANCE_EARNING: Handler(run=advance),
    PaymentJob.MOVE_EARNING: Handler(run=payouts.move, lane=Lane.STRIPE, attempts=ATTEMPTS),
    PaymentJob.ASK_AGAIN: Handler(run=ask_again, lane=Lane.INSIDE, every=always(days=1)),
    PaymentJob.UPDATE_CUSTOMER: Handler(run=customers.tell, lane=Lane.STRIPE, attempts=ATTEMPTS),
    PaymentJob.OPEN_ACCOUNT: Handler(
        run=payouts.open_account, lane=Lane.STRIPE, failed=_("Stripe refuses to open a mechanic’s account for payouts")
    ),
    PaymentJob.STRIPE_EVENT: Handler(run=webhook_inbox.process, lane=Lane.STRIPE),
    PaymentJob.TIDY_INBOX: Handler(run=webhook_inbox.tidy, lane=Lane.INSIDE, every=always(days=1)),
}
