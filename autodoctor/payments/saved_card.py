"""Payments in a running session: by the saved card, with its holder present to confirm, by a card that is entered in
the room, or on a Checkout page.

Safe to repeat and to race: the request to the bank is stored first and sent under one key.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.core import acting
from autodoctor.payments import card_entry, stripe, stripe_requests
from autodoctor.payments.attempts import ask_bank, payable
from autodoctor.payments.checkout import open_checkout, shut
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.payments.payment_sync import decline, sync_payment, wait_for
from autodoctor.scheduler.queue import schedule


@dataclass(frozen=True)
class SavedCard:
    brand: str
    last4: str


def of(user: User) -> SavedCard | None:
    """Return this person's saved card."""
    kept = StripeCustomer.objects.filter(user=user).exclude(payment_method_id="").first()
    return SavedCard(kept.card_brand, kept.card_last4) if kept else None


@acting.system
def remove(*, user: User, now: datetime) -> bool:
    """Remove this person's saved card: nothing charges it from now on, and Stripe deletes it soon. False without a
    card.
    """
    with transaction.atomic():
        kept = StripeCustomer.objects.select_for_update().filter(user=user).exclude(payment_method_id="").first()
        if kept is None:
            return False
        schedule(PaymentJob.FORGET_CARD, kept.payment_method_id, now)
        _clear(StripeCustomer.objects.filter(pk=kept.pk))
        return True


@acting.system
def collect(*, payment: Payment, now: datetime) -> Payment:
    """Charge the saved card. Without one, after a decline, or for another card: wait for a card in the room, where that
    is wanted, else open a Checkout page.

    The payment then `waits_for` its holder or the bank. Raises `NotPayable` once it is paid or canceled, and
    `PaymentError`; a job continues what was begun. Must not run in a transaction.
    """
    payment = payable(payment)
    if _charges_saved_card(payment, now):
        payment = _ask(payment, now)
        if not payment.decline_code:
            return payment
    if not card_entry.open_entry(payment, now):
        open_checkout(payment=payment, success_url=payment.return_url, cancel_url=payment.return_url, now=now)
    wait_for(Payment.WaitsFor.PAY, payment, now)
    return payable(payment)


def _charges_saved_card(payment: Payment, now: datetime) -> bool:
    if payment.checkout_number or payment.entry_opened_at or payment.decline_code or not payment.keep_card:
        return False
    return bool(payment.attempted_at) or _begin(payment, now)


def _begin(payment: Payment, now: datetime) -> bool:
    """Store the request to the bank. Of two callers one stores, both send the stored request. False: a page was
    opened.
    """
    person = StripeCustomer.objects.filter(user=payment.payer).exclude(payment_method_id="").first()
    if person is None:
        return False
    request = stripe_requests.attempt(
        payment_id=payment.id,
        owner_id=payment.owner_id,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        description=payment.description,
        customer_id=person.stripe_id,
        payment_method_id=person.payment_method_id,
        return_url=payment.return_url,
    )
    # No other way was begun meanwhile.
    asked = Payment.objects.filter(id=payment.id, checkout_number=0, entry_opened_at=None, keep_card=True)
    asked.filter(attempted_at=None).update(attempted_at=now, attempt_request=request)
    return asked.exclude(attempted_at=None).exists()


def _ask(payment: Payment, now: datetime) -> Payment:
    payment = payable(payment)
    try:
        intent_id = ask_bank(payment)
    except (stripe.Invalid, stripe.Unknown) as error:
        if error.code == "idempotency_error":  # another process is collecting at this moment
            raise stripe.Unavailable(error.code) from error
        _forget_card(payment)
        decline(payment, "card_unusable", now)
        return payable(payment)
    settled = sync_payment(payment_id=payment.id, snapshot=stripe.payment(intent_id), now=now)
    if settled.due_cents == 0:  # canceled meanwhile, by an action that did not see this attempt
        shut(payment=Payment.objects.get(id=payment.id), now=now)
    return payable(payment)


def _forget_card(payment: Payment) -> None:
    gone = payment.attempt_request["payment_method"]
    _clear(StripeCustomer.objects.filter(user=payment.payer, payment_method_id=gone))


def _clear(kept: QuerySet[StripeCustomer]) -> None:
    kept.update(payment_method_id="", card_brand="", card_last4="", card_kept_at=None)
