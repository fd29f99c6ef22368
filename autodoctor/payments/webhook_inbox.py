"""Stripe's webhooks: verify, store once, answer; then, from the queue, sync the object of the event."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from autodoctor.accounts.access import anyone
from autodoctor.core.chunks import delete_in_chunks
from autodoctor.payments import payouts, stripe
from autodoctor.payments.job_kinds import PaymentFact, PaymentJob, news_of
from autodoctor.payments.models import Payment, PayoutAccount, StripeEvent
from autodoctor.payments.payment_sync import report_mismatch, sync_payment
from autodoctor.payments.stripe import EventNotice
from autodoctor.payments.stripe.webhooks import ABOUT_THEIR_ACCOUNT
from autodoctor.rates.web import limited
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule

MAX_BODY_BYTES = 512 * 1024
KEPT = timedelta(days=90)  # Stripe sends an event again for three days; support looks up one that a customer asks about
Sync = Callable[[StripeEvent, datetime], str]  # returns the outcome in a few words for support


class UnknownPayment(Exception):
    """The event names a payment without a row here. The job is tried again and finally fails, for support to see."""


@csrf_exempt
@require_POST
@limited(None, "POST")
@anyone
def webhook(request: HttpRequest) -> HttpResponse:
    """Answer 200 once the event is stored, also if it was stored before; 400 without a valid, recent signature."""
    now = timezone.now()
    body = request.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        return _refused("too_large", _("This request is too large for an event."), 413)
    try:
        notice = stripe.verified_event(
            body, request.headers.get("Stripe-Signature", ""), secrets=settings.STRIPE_WEBHOOK_SECRETS, now=now
        )
    except stripe.Forged:
        return _refused("not_verified", _("The signature is not from Stripe or is too old."), 400)
    receive(notice, now)
    return JsonResponse({"received": True})


def receive(notice: EventNotice, now: datetime) -> None:
    """Store a verified event and schedule its processing; does nothing for a known event."""
    concerns_us = _sync_for(notice.type, notice.intent_id) is not None
    with transaction.atomic():
        event, new = StripeEvent.objects.get_or_create(
            id=notice.id,
            defaults={
                "type": notice.type,
                "object_id": notice.object_id,
                "intent_id": notice.intent_id,
                "payment_id": notice.payment_id,
                "livemode": notice.livemode,
                "received_at": now,
                "processed_at": None if concerns_us else now,
                "outcome": "" if concerns_us else "not about a payment",
            },
        )
        if new and concerns_us:
            schedule(PaymentJob.STRIPE_EVENT, event.id, now)


def process(job: Job, now: datetime) -> None:
    """Sync the object of an event. Raises `UnknownPayment` and `PaymentError`."""
    event = StripeEvent.objects.get(id=job.key)
    sync = None if event.processed_at else _sync_for(event.type, event.intent_id)
    if sync:
        StripeEvent.objects.filter(id=event.id).update(processed_at=now, outcome=sync(event, now))


def _sync_for(event_type: str, intent_id: str) -> Sync | None:
    """Return the function that handles the event; None if the event does not concern us."""
    if event_type == "radar.early_fraud_warning.created":
        return _look_at_warning
    if intent_id or event_type.startswith("checkout.session."):
        return _sync_payment
    if event_type in ("account.updated", *ABOUT_THEIR_ACCOUNT):
        return _sync_account
    return _sync_transfer if event_type.startswith("transfer.") else None


def tidy(job: Job, now: datetime) -> None:
    """Delete events that were processed long ago. What waits for a person stays."""
    old = StripeEvent.objects.filter(processed_at__lte=now - KEPT)
    delete_in_chunks(old, by="processed_at")


def _sync_payment(event: StripeEvent, now: datetime) -> str:
    if event.livemode != settings.STRIPE_LIVEMODE:
        return _of_the_other_mode(event, now)
    intent_id = event.intent_id or stripe.checkout(event.object_id).intent_id
    return _settle(intent_id, now) if intent_id else "nothing was paid"


def _look_at_warning(event: StripeEvent, now: datetime) -> str:
    """Alert support of a charge that the bank suspects: unlike a dispute, it can still be refunded."""
    settled = _sync_payment(event, now)
    payment = Payment.objects.filter(intent_id=event.intent_id).first()
    if payment is None or not stripe.is_suspected(event.object_id):
        return settled
    with transaction.atomic():
        news = news_of(payment)
        schedule(PaymentFact.FRAUD_WARNING, event.object_id, now, session_id=payment.owner_id, payload=news)
    return "suspected of fraud"


def _sync_account(event: StripeEvent, now: datetime) -> str:
    """Sync a mechanic's account. The endpoint also gets events of the other mode and of unknown accounts."""
    account = PayoutAccount.objects.filter(stripe_id=event.object_id).first()
    if account is None or event.livemode != settings.STRIPE_LIVEMODE:
        return "no account of ours"
    payouts.refresh(account, now)
    return "takes transfers" if account.transfers_enabled else "takes no transfers"


def _sync_transfer(event: StripeEvent, now: datetime) -> str:
    if event.livemode != settings.STRIPE_LIVEMODE:
        return "no transfer of ours"
    snapshot = stripe.fetch_transfer(event.object_id)
    movement = payouts.follow(snapshot, now)
    if movement is None:
        return "no transfer of ours"
    if payouts.was_taken_back_elsewhere(movement, snapshot):
        with transaction.atomic():
            report_mismatch(movement.earning.payment, "transfer", now, found=f"{snapshot.id} {snapshot.reversed_cents}")
        return "mismatch: transfer"
    return "sent"


def dismiss(event_id: str, now: datetime) -> None:
    """Count an event as processed after a person has dismissed it."""
    StripeEvent.objects.filter(id=event_id, processed_at=None).update(processed_at=now, outcome="dismissed")


def _settle(intent_id: str, now: datetime) -> str:
    snapshot = stripe.payment(intent_id)
    try:
        payment = Payment.objects.get(id=snapshot.payment_id)
    except (Payment.DoesNotExist, ValidationError) as error:
        raise UnknownPayment(intent_id) from error
    settled = sync_payment(payment_id=payment.id, snapshot=snapshot, now=now)
    return f"mismatch: {settled.mismatch}" if settled.mismatch else settled.state


def _of_the_other_mode(event: StripeEvent, now: datetime) -> str:
    """Handle test money for a live payment, or the reverse: nothing is fetched, support is alerted."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().filter(id=event.payment_id).first() if event.payment_id else None
        if payment is None:
            raise UnknownPayment(event.object_id)
        report_mismatch(payment, "livemode", now, found=event.intent_id or event.object_id)
    return "mismatch: livemode"


def _refused(code: str, sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": code, "detail": sentence}, status=status)
