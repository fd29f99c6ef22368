"""The card that is entered in the room: a PaymentIntent that waits for Stripe's Payment Element on the customer's page.

There is one per payment. Its request and its moment are stored before Stripe is called, so that every caller, and a
retry after a crash, gets the same one. The page confirms it with Stripe; what became of it is known from Stripe alone.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from autodoctor.core import acting
from autodoctor.payments import customers, ledger, stripe, stripe_requests
from autodoctor.payments.attempts import NotPayable, give_up_attempt, payable, settle, stopped
from autodoctor.payments.idempotency import has_failed, once
from autodoctor.payments.job_kinds import PaymentFact, news_of
from autodoctor.payments.models import Payment
from autodoctor.payments.payment_sync import HELD_OR_CHARGED, report_refusal, sync_payment
from autodoctor.scheduler.queue import schedule

State = Payment.State


class AnotherWay(Exception):
    """The card is not entered in the room, or not any more: it is paid on Stripe's page, or with the saved card."""


def open_entry(payment: Payment, now: datetime) -> bool:
    """Have an intent that waits for a card, and see how it stands. False: this payment is paid in another way.

    Raises `NotPayable` once it is paid, and `PaymentError`. Must not run in a transaction.
    """
    payment = payable(payment)
    if not payment.card_here or payment.checkout_number:
        return False
    give_up_attempt(payment, now)
    try:
        _claim(payment, now)
        payment = payable(payment)
        if not payment.entry_opened_at:  # Stripe's page was asked for meanwhile
            return False
        found = stripe.payment(_ask(payment))
    except stripe.REFUSALS as refused:
        _refuse(payment, refused, now)
        return False
    settled = sync_payment(payment_id=payment.id, snapshot=found, now=now)
    if found.status in HELD_OR_CHARGED:
        raise NotPayable(settled)
    if found.status == "canceled":  # outside this program
        ledger.pay_on_a_page(payment)
    return found.status != "canceled"


@acting.system
def client_secret(payment: Payment, now: datetime) -> str:
    """Return what lets the customer's page confirm the intent. It is stored nowhere.

    Raises `AnotherWay`, `NotPayable` once it is paid or canceled, and `PaymentError`.
    """
    if not open_entry(payment, now):
        raise AnotherWay
    return stripe.client_secret(payable(payment).entry_id)


def give_up(payment: Payment, now: datetime) -> None:
    """End the intent before Stripe's first page opens. Raises `NotPayable` if it was paid."""
    if payment.checkout_number:
        return
    if intent_id := intent_of(payment):
        settle(payment, stopped(intent_id), now)


def intent_of(payment: Payment) -> str:
    """Return the id of the intent; empty without one. One whose answer was lost has no card and nobody has its secret:
    asked for again, it can be ended.
    """
    if not payment.entry_opened_at or payment.entry_id or has_failed(_key(payment)):
        return payment.entry_id
    try:
        return _ask(payment)
    except stripe.REFUSALS:
        return ""


def _claim(payment: Payment, now: datetime) -> None:
    """Store the request, unless another way was begun meanwhile. Of two callers one stores, both send that one."""
    if payment.entry_opened_at:
        return
    request = stripe_requests.card_entry(
        payment_id=payment.id,
        owner_id=payment.owner_id,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        description=payment.description,
        customer_id=customers.customer_id(payment.payer) if payment.keep_card else "",
    )
    unclaimed = Payment.objects.filter(
        id=payment.id,
        checkout_number=0,
        attempted_at=payment.attempted_at,
        entry_opened_at=None,
        state=State.CREATED,
        due_cents=None,
    )
    with transaction.atomic():
        if unclaimed.update(entry_opened_at=now, entry_request=request):
            ends_at = now + timedelta(seconds=settings.DEADLINES["card_entry"])
            schedule(
                PaymentFact.ENTRY_LAPSED,
                str(payment.id),
                ends_at,
                session_id=payment.owner_id,
                payload=news_of(payment),
            )


def _ask(payment: Payment) -> str:
    """Return the intent of the row. Of two that were made under two keys the first one stored counts: no page ever gets
    the secret of the other.
    """
    if payment.entry_id:
        return payment.entry_id
    made = once(_key(payment), lambda key: stripe.open_entry(payment.entry_request, key=key))
    Payment.objects.filter(id=payment.id, entry_id="").update(entry_id=made)
    return Payment.objects.values_list("entry_id", flat=True).get(id=payment.id)


def _refuse(payment: Payment, refused: stripe.PaymentError, now: datetime) -> None:
    """Another process asks at this moment, or Stripe takes no such request: then its own page is tried."""
    if refused.code == "idempotency_error":
        raise stripe.Unavailable(refused.code) from refused
    report_refusal(payment, refused.code, now)
    ledger.pay_on_a_page(payment)


def _key(payment: Payment) -> str:
    return f"entry:{payment.id}"
