"""Checkout: the page where a customer pays. At most one page is open per payment.

The request and its number are stored before Stripe is called; the number is part of the idempotency key. Two callers at
once, or a retry after a crash, therefore get the same page.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from autodoctor.core import acting
from autodoctor.payments import card_entry, customers, stripe, stripe_requests
from autodoctor.payments.attempts import NotPayable, attempt_of, give_up_attempt, payable, stopped
from autodoctor.payments.idempotency import once
from autodoctor.payments.models import Payment
from autodoctor.payments.payment_sync import HELD_OR_CHARGED, report_refusal, sync_payment
from autodoctor.payments.stripe import CheckoutSnapshot

State = Payment.State
SHORTEST = timedelta(minutes=31)  # Stripe takes no less than 30 from when it gets the request
LONGEST = timedelta(days=1)  # of an open page at Stripe
TIME_TO_PAY = timedelta(minutes=5)  # a page with less left is replaced


class Refused(stripe.PaymentError):
    """Stripe opens no page for this payment, whatever is left out of the request."""

    sentence = _(
        "Our payment service does not take this payment at the moment. Nothing was charged. Support knows and takes "
        "care of it. Your request is saved: try again later, or write to support."
    )


@acting.system
def open_checkout(*, payment: Payment, success_url: str, cancel_url: str, now: datetime) -> Payment:
    """Return the payment with an open page at `checkout_url` until `checkout_expires_at`; reuse an open page.

    Raises `NotPayable` and `PaymentError`, `Refused` if Stripe opens none. Must not run in a transaction.
    """
    payment = payable(payment)
    give_up_attempt(payment, now)
    card_entry.give_up(payment, now)
    current = _asked_for(payment)
    if current and current.status == "open" and current.expires_at - now < TIME_TO_PAY:
        current = _expired(payment, current)
    if current and current.intent_id:
        _settle_attempt(payment, current.intent_id, now)
    if current and current.status == "open":
        return payable(payment)
    if not _ask_anew(payment, success_url, cancel_url, now):  # another way was begun meanwhile: end that first
        return open_checkout(payment=payment, success_url=success_url, cancel_url=cancel_url, now=now)
    return payable(payment)


@acting.system
def refresh(*, payment: Payment, now: datetime) -> Payment:
    """Sync this payment with Stripe. Raises `PaymentError`. Must not run in a transaction."""
    payment = Payment.objects.get(id=payment.id)
    intent_id = payment.intent_id or ("" if payment.checkout_number else payment.entry_id or payment.attempt_id)
    if not intent_id and payment.checkout_id:
        intent_id = stripe.checkout(payment.checkout_id).intent_id
    if not intent_id:
        return payment
    return sync_payment(payment_id=payment.id, snapshot=stripe.payment(intent_id), now=now)


@acting.system
def shut(*, payment: Payment, now: datetime) -> None:
    """Make sure that this payment can no longer be paid. An earlier success is synced. Safe to repeat."""
    current = _asked_for(payment)
    if current and current.status == "open":
        current = _expired(payment, current)
    if current and current.intent_id:
        sync_payment(payment_id=payment.id, snapshot=stopped(current.intent_id), now=now)
    for intent_id in filter(None, (attempt_of(payment), card_entry.intent_of(payment))):
        sync_payment(payment_id=payment.id, snapshot=stopped(intent_id), now=now)


def _asked_for(payment: Payment) -> CheckoutSnapshot | None:
    """Return the page of the last request, if Stripe created it: a crash may have lost its id."""
    if not payment.checkout_number:
        return None
    try:
        return stripe.checkout(payment.checkout_id) if payment.checkout_id else _ask(payment)
    except (stripe.Invalid, stripe.Unknown):
        return None


def _ask_anew(payment: Payment, success_url: str, cancel_url: str, now: datetime) -> bool:
    """Ask for a page; a customer that is gone is made anew. Still refused, ask for one that needs less of Stripe.

    Support hears of each refusal. Returns False if no page was wanted any more. Raises `Refused`.
    """
    for plain in (False, True):
        try:
            return _claim_and_ask(payment, success_url, cancel_url, now, plain=plain)
        except stripe.REFUSALS as refused:
            report_refusal(payment, refused.code, now)
        payment = payable(payment)
        if not plain and customers.forget_gone(payment.payer):
            return _ask_anew(payment, success_url, cancel_url, now)
    raise Refused(payment.refused_code)


def _claim_and_ask(payment: Payment, success_url: str, cancel_url: str, now: datetime, *, plain: bool) -> bool:
    _claim(payment, success_url, cancel_url, now, plain=plain)
    before, payment = payment, payable(payment)
    if payment.checkout_number == before.checkout_number:
        return False
    if not payment.checkout_id:
        _ask(payment)
    return True


def _ask(payment: Payment) -> CheckoutSnapshot:
    request = payment.checkout_request
    made = once(
        _key(payment, "checkout"),
        lambda key: stripe.create_checkout(request, key=key),
        came_about=lambda failed_at: stripe.find_checkout(request, failed_at - LONGEST),
    )
    Payment.objects.filter(id=payment.id, checkout_number=payment.checkout_number).update(
        checkout_id=made.id, checkout_url=made.url, checkout_expires_at=made.expires_at
    )
    return made


def _expired(payment: Payment, current: CheckoutSnapshot) -> CheckoutSnapshot:
    try:
        return once(_key(payment, "expire"), lambda key: stripe.expire_checkout(current.id, key=key))
    except stripe.Invalid:  # paid or expired at this very moment
        return stripe.checkout(current.id)


def _settle_attempt(payment: Payment, intent_id: str, now: datetime) -> None:
    """Sync the attempt. Raises `NotPayable` after a success, even a mismatching one: nobody may pay twice."""
    found = stripe.payment(intent_id)
    settled = sync_payment(payment_id=payment.id, snapshot=found, now=now)
    if found.status in HELD_OR_CHARGED:
        raise NotPayable(settled)


def _claim(payment: Payment, success_url: str, cancel_url: str, now: datetime, *, plain: bool) -> None:
    """Store the next request, unless another way was begun meanwhile. Of two callers one stores; both send the stored
    one. A plain one names neither customer nor address: the page asks for an address, and no card is saved.
    """
    keeps_card = payment.keep_card and not plain
    request = stripe_requests.checkout(
        payment_id=payment.id,
        owner_id=payment.owner_id,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        description=payment.description,
        customer_id=customers.customer_id(payment.payer) if keeps_card else "",
        email="" if plain else payment.payer.email,
        success_url=success_url,
        cancel_url=cancel_url,
        expires_at=now + max(SHORTEST, timedelta(seconds=settings.DEADLINES["checkout"])),
    )
    Payment.objects.filter(
        id=payment.id,
        checkout_number=payment.checkout_number,
        attempted_at=payment.attempted_at,
        entry_opened_at=payment.entry_opened_at,
        state=State.CREATED,
        due_cents=None,
    ).update(
        checkout_number=payment.checkout_number + 1,
        checkout_request=request,
        checkout_id="",
        checkout_url="",
        checkout_expires_at=None,
    )


def _key(payment: Payment, step: str) -> str:
    return f"{step}:{payment.id}:{payment.checkout_number}"
