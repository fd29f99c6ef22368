"""What is owed: payments opened, decided and given back. Each of these joins the caller's transaction."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from autodoctor.accounts.models import User
from autodoctor.core.raw_sql import rows
from autodoctor.payments import disputes
from autodoctor.payments.models import Payment, Refund
from autodoctor.scheduler.queue import schedule

State = Payment.State
PAID = (State.AUTHORISED, State.CAPTURED)
IF_NOBODY_DOES = timedelta(seconds=15)


class NotRefundable(Exception):
    """Nothing was charged, or less than this is left of it."""


class Disputed(NotRefundable):
    """The customer's bank has the money of this charge until it decides: nothing can be given back meanwhile."""


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


def open_extension(
    *,
    owner_id: UUID,
    payer: User,
    amount_cents: int,
    currency: str,
    seconds: int,
    description: str,
    keep_card: bool,
    return_url: str,
    now: datetime,
) -> Payment:
    """The payment of an extension, not paid yet. Raises IntegrityError when this owner has one open.

    Whoever opens it goes on with `kept_card.collect`; the queue does so a little later, in case they cannot.
    """
    payment = Payment.objects.create(
        owner_id=owner_id,
        payer=payer,
        purpose=Payment.Purpose.EXTENSION,
        description=description,
        amount_cents=amount_cents,
        currency=currency.lower(),
        seconds=seconds,
        keep_card=keep_card,
        return_url=return_url,
        created_at=now,
    )
    schedule("payment.collect", str(payment.id), now + IF_NOBODY_DOES, session_id=payment.owner_id)
    return payment


def pending_extension(owner_id: UUID) -> Payment | None:
    """The one that is being paid, called off, or paid while its time is not given yet."""
    pending = Q(state=State.CREATED) | Q(state__in=PAID, granted_at=None, due_cents=None)
    return Payment.objects.filter(pending, owner_id=owner_id, purpose=Payment.Purpose.EXTENSION).first()


def use_another_card(payment: Payment) -> None:
    """Whoever goes on with this asks the kept card no more; the one that pays instead is not kept in its place."""
    Payment.objects.filter(id=payment.id).update(keep_card=False)


def sync_later(payment: Payment, now: datetime) -> None:
    """See at once how it stands at Stripe, in case its news got lost."""
    schedule("payment.collect", str(payment.id), now, session_id=payment.owner_id)


def grant(*, owner_id: UUID, payment_id: UUID, now: datetime) -> Payment | None:
    """The extension whose time is given by this very call; None when it was before, is not paid, or is called off."""
    paid = Payment.objects.filter(
        id=payment_id, owner_id=owner_id, purpose=Payment.Purpose.EXTENSION, state__in=PAID, due_cents=None
    )
    if not paid.filter(granted_at=None).update(granted_at=now):
        return None
    return Payment.objects.get(id=payment_id)


def cancel_payment(payment: Payment, now: datetime) -> bool:
    """Have nobody pay this any more, and release what comes in all the same. False when it is paid."""
    if not Payment.objects.filter(id=payment.id, state=State.CREATED, due_cents=None).update(due_cents=0):
        return False
    schedule("payment.close", str(payment.id), now, session_id=payment.owner_id)
    return True


def finish(*, owner_id: UUID, due: Callable[[list[Payment]], dict[UUID, int]], now: datetime) -> None:
    """Decide what is captured of each payment, in cents, and schedule it. The first decision on a payment stands.

    `due` says so of the owner's payments, which are locked; it leaves out what is not known yet. 0 releases the hold.
    What nobody has paid yet is called off, whatever is due of it; if it comes in all the same it is released. Raises
    `Payment.DoesNotExist` for a payment of another owner, ValueError for more than is held.
    """
    with transaction.atomic():
        payments = {payment.id: payment for payment in rows(Payment, "owner_id = %s ORDER BY id", owner_id, lock=True)}
        decided = due(list(payments.values()))
        if decided.keys() - payments.keys():
            raise Payment.DoesNotExist(f"not all of these are payments of {owner_id}")
        for payment_id, cents in decided.items():
            _decide(payments[payment_id], cents, now)


def refund(
    *,
    payment_id: UUID,
    amount_cents: int,
    reason: str,
    now: datetime,
    borne_by: str = Refund.Bearer.PLATFORM,
    by: User | None = None,
    refund_id: UUID | None = None,
) -> Refund:
    """Give back part or all of what was captured: the row now, Stripe from the queue.

    Raises `NotRefundable` when that is more than is left (`Disputed` while a bank asks for it), `Payment.DoesNotExist`,
    ValueError for nothing or less.
    """
    if amount_cents <= 0:
        raise ValueError("a refund is more than nothing")
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=payment_id)
        if disputes.is_open(payment):
            raise Disputed
        if amount_cents > refundable_cents(payment):
            raise NotRefundable
        given = Refund.objects.create(
            id=refund_id,
            payment=payment,
            amount_cents=amount_cents,
            reason=reason,
            borne_by=borne_by,
            requested_by=by,
            created_at=now,
        )
        schedule("payment.refund", str(given.id), now, session_id=payment.owner_id)
    return given


def held_cents(payments: Iterable[Payment]) -> int:
    """What was ever held for these."""
    return sum(payment.amount_cents for payment in payments if payment.authorised_at)


def charged_cents(payments: Iterable[Payment]) -> int:
    """What was charged of these, or is about to be."""
    return sum(payment.charged_cents for payment in payments)


def refundable_cents(payment: Payment) -> int:
    """What is left of the charge; refunds that are on their way count as given, as does what a bank took back."""
    given = payment.refunds.exclude(state=Refund.State.FAILED).aggregate(cents=Sum("amount_cents"))["cents"] or 0
    return max(0, payment.captured_cents - given - disputes.lost_cents(payment))


def _decide(payment: Payment, cents: int, now: datetime) -> None:
    if not 0 <= cents <= payment.amount_cents:
        raise ValueError(f"{cents} of {payment.amount_cents} cents cannot be due")
    if payment.state == State.CAPTURED and payment.due_cents is None:  # by someone else, before the end
        schedule("payment.earned", str(payment.id), now, session_id=payment.owner_id, owner_id=str(payment.owner_id))
    if payment.state not in (State.CREATED, State.AUTHORISED):
        return
    if payment.due_cents is None:
        payment.due_cents = cents if payment.state == State.AUTHORISED else 0
        payment.save(update_fields=["due_cents"])
        schedule(_what_follows(payment), str(payment.id), now, session_id=payment.owner_id)


def _what_follows(payment: Payment) -> str:
    if payment.state == State.CREATED:
        return "payment.close"
    return "payment.capture" if payment.to_capture_cents else "payment.release"
