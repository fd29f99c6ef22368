"""Attempts to pay: one way is open at a time, and each is ended before the next one opens.

A payment goes forward only: from the saved card to a card that is entered in the room (`card_entry`), and on to
Stripe's page (`checkout`).
"""

from datetime import datetime

from autodoctor.core import acting
from autodoctor.payments import stripe
from autodoctor.payments.idempotency import has_failed, once
from autodoctor.payments.models import Payment
from autodoctor.payments.payment_sync import HELD_OR_CHARGED, sync_payment
from autodoctor.payments.stripe import PaymentSnapshot

State = Payment.State
FINAL = (*HELD_OR_CHARGED, "canceled")
UNDECIDED = ("requires_action", "processing")


class NotPayable(Exception):
    """The payment cannot be paid: it is already paid or canceled. `payment` has the state."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(payment.state)
        self.payment = payment


@acting.system
def payable(payment: Payment) -> Payment:
    """Return the current row. Raises `NotPayable`."""
    payment = Payment.objects.select_related("payer").get(id=payment.id)
    if payment.state != State.CREATED or payment.due_cents is not None:
        raise NotPayable(payment)
    return payment


def ask_bank(payment: Payment) -> str:
    """Charge the saved card. Returns the attempt's id: the existing one of this payment's key, else a new one."""
    if payment.attempt_id:
        return payment.attempt_id
    request = payment.attempt_request
    made = once(
        _attempt_key(payment),
        lambda key: stripe.attempt(request, key=key),
        came_about=lambda _failed_at: stripe.find_attempt(customer_id=request["customer"], payment_id=payment.id),
    )
    Payment.objects.filter(id=payment.id).update(attempt_id=made)
    return made


def give_up_attempt(payment: Payment, now: datetime) -> None:
    """End the attempt with the saved card before the first other way opens. Raises `NotPayable` if it succeeded.

    An attempt without an answer is repeated by its key, so that it cannot succeed beside the other way. After a final
    answer the bank is not asked again.
    """
    if not payment.attempted_at or payment.checkout_number or payment.entry_opened_at:
        return
    try:
        intent_id = attempt_of(payment) if has_failed(_attempt_key(payment)) else ask_bank(payment)
        if not intent_id:
            return
        found = stopped(intent_id)
    except (stripe.Invalid, stripe.Unknown) as error:
        if error.code == "idempotency_error":
            raise stripe.Unavailable(error.code) from error
        return  # no such card: nothing came about
    settle(payment, found, now)


def settle(payment: Payment, found: PaymentSnapshot, now: datetime) -> None:
    """Sync an attempt that is over. Raises `NotPayable` if it succeeded, even with a mismatch: nobody pays twice."""
    settled = sync_payment(payment_id=payment.id, snapshot=found, now=now)
    if found.status in HELD_OR_CHARGED:
        raise NotPayable(settled)


def attempt_of(payment: Payment) -> str:
    """Return the id of the attempt with the saved card; empty without one."""
    if not payment.attempted_at or payment.attempt_id:
        return payment.attempt_id
    return stripe.find_attempt(customer_id=payment.attempt_request["customer"], payment_id=payment.id) or ""


def stopped(intent_id: str) -> PaymentSnapshot:
    """Return the attempt, canceled unless it ended before. Raises `Unavailable` while the bank still decides."""
    found = stripe.payment(intent_id)
    if found.status in FINAL:
        return found
    try:
        return once(f"stop:{intent_id}", lambda key: stripe.cancel(intent_id, key=key))
    except stripe.Invalid:  # the payment moved meanwhile, or Stripe keeps the intent for the expired page
        found = stripe.payment(intent_id)
    if found.status in UNDECIDED:
        raise stripe.Unavailable(f"attempt is {found.status}")
    return found


def _attempt_key(payment: Payment) -> str:
    return f"attempt:{payment.id}"
