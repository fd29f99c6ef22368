"""What is owed: payments opened, decided and given back. Each of these joins the caller's transaction."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from autodoctor.accounts.models import User
from autodoctor.clock.queue import schedule
from autodoctor.payments.models import Payment, Refund
from autodoctor.prepared import rows

State = Payment.State


class NotRefundable(Exception):
    """Nothing was charged, or less than this is left of it."""


def open_booking(
    *,
    owner_id: UUID,
    payer: User,
    amount_cents: int,
    currency: str,
    seconds: int,
    description: str,
    keep_card: bool,
    now: datetime,
) -> Payment:
    """The payment of a booking, not paid yet. Raises IntegrityError when this owner has one."""
    return Payment.objects.create(
        owner_id=owner_id,
        payer=payer,
        purpose=Payment.Purpose.BOOKING,
        description=description,
        amount_cents=amount_cents,
        currency=currency.lower(),
        seconds=seconds,
        keep_card=keep_card,
        created_at=now,
    )


def finish(*, owner_id: UUID, due: Callable[[list[Payment]], dict[UUID, int] | None], now: datetime) -> None:
    """Decide what is captured of each payment, in cents, and schedule it. The first decision on a payment stands.

    `due` says so of the owner's payments, which are locked; None when it is not known yet. 0 releases the hold. What
    nobody has paid yet is called off, whatever is due of it; a payment that comes in all the same is released. Raises
    `Payment.DoesNotExist` for a payment of another owner, ValueError for more than is held.
    """
    with transaction.atomic():
        payments = {payment.id: payment for payment in rows(Payment, "owner_id = %s ORDER BY id", owner_id, lock=True)}
        decided = due(list(payments.values())) or {}
        if decided.keys() - payments.keys():
            raise Payment.DoesNotExist(f"not all of these are payments of {owner_id}")
        for payment_id, cents in decided.items():
            _decide(payments[payment_id], cents, now)


def refund(*, payment_id: UUID, amount_cents: int, reason: str, now: datetime) -> Refund:
    """Give back part or all of what was captured: the row now, Stripe from the queue.

    Raises `NotRefundable` when that is more than is left, `Payment.DoesNotExist`, ValueError for nothing or less.
    """
    if amount_cents <= 0:
        raise ValueError("a refund is more than nothing")
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=payment_id)
        if amount_cents > refundable_cents(payment):
            raise NotRefundable
        given = Refund.objects.create(payment=payment, amount_cents=amount_cents, reason=reason, created_at=now)
        schedule("payment.refund", str(given.id), now)
    return given


def refundable_cents(payment: Payment) -> int:
    """What is left of the charge; refunds that are on their way count as given."""
    given = payment.refunds.exclude(state=Refund.State.FAILED).aggregate(cents=Sum("amount_cents"))["cents"] or 0
    return max(0, payment.captured_cents - given)


def _decide(payment: Payment, cents: int, now: datetime) -> None:
    if not 0 <= cents <= payment.amount_cents:
        raise ValueError(f"{cents} of {payment.amount_cents} cents cannot be due")
    if payment.state not in (State.CREATED, State.AUTHORISED):
        return
    if payment.due_cents is None:
        payment.due_cents = cents if payment.state == State.AUTHORISED else 0
        payment.save(update_fields=["due_cents"])
        schedule(_what_follows(payment), str(payment.id), now)


def _what_follows(payment: Payment) -> str:
    if payment.state == State.CREATED:
        return "payment.close"
    return "payment.capture" if payment.to_capture_cents else "payment.release"
