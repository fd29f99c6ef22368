"""The ledger: payments opened, decided and refunded. Every function joins the caller's transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from autodoctor.accounts.models import User
from autodoctor.core.batches import put_off, read_together
from autodoctor.core.raw_sql import rows, update_rows
from autodoctor.payments import disputes
from autodoctor.payments.job_kinds import PaymentFact, PaymentJob, news_of
from autodoctor.payments.models import Payment, Refund
from autodoctor.scheduler.queue import schedule

State = Payment.State
PAID = (State.AUTHORIZED, State.CAPTURED)
COLLECT_FALLBACK_DELAY = timedelta(seconds=15)


class NotRefundable(Exception):
    """Nothing was charged, or the rest of the charge is smaller than the amount."""


class Disputed(NotRefundable):
    """The customer's bank holds the money until it decides: no refund is possible."""


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
    """Create the unpaid payment of a booking. Raises IntegrityError if the owner already has one."""
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
    card_here: bool = False,
) -> Payment:
    """Create the unpaid payment of an extension. `card_here`: a card is entered in the room, if the saved card is not
    charged. Raises IntegrityError if the owner has an open one.

    The caller continues with `saved_card.collect`; a job does the same a little later if the caller cannot.
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
        card_here=card_here,
        return_url=return_url,
        created_at=now,
    )
    schedule(PaymentJob.COLLECT, str(payment.id), now + COLLECT_FALLBACK_DELAY, session_id=payment.owner_id)
    return payment


def is_booking_paid(owner_id: UUID) -> bool:
    """Return whether the booking's hold is placed, and nothing is decided about it yet."""
    booking = Payment.objects.filter(owner_id=owner_id, purpose=Payment.Purpose.BOOKING)
    return booking.filter(state__in=PAID, due_cents=None).exists()


def pending_extension(owner_id: UUID) -> Payment | None:
    """Return the extension that is being paid, canceled, or paid without its time given yet."""
    return _pending_extension(owner_id)


@read_together
def _pending_extension(owner_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    pending = Q(state=State.CREATED) | Q(state__in=PAID, granted_at=None, due_cents=None)
    found = Payment.objects.filter(pending, owner_id__in=owner_ids, purpose=Payment.Purpose.EXTENSION)
    return {payment.owner_id: payment for payment in found.order_by("-id")}


def use_another_card(payment: Payment) -> None:
    """Charge the saved card no more for this payment. The card that pays instead is not saved in its place."""
    Payment.objects.filter(id=payment.id).update(keep_card=False)


def pay_on_a_page(payment: Payment) -> None:
    """Take a card in the room no more for this payment: Stripe's page opens next, and is announced."""
    Payment.objects.filter(id=payment.id, card_here=True).update(card_here=False, waits_for="")


def sync_later(payment: Payment, now: datetime) -> None:
    """See at once how it stands at Stripe, in case its news got lost."""
    schedule(PaymentJob.COLLECT, str(payment.id), now, session_id=payment.owner_id)


def grant(*, owner_id: UUID, payment_id: UUID, now: datetime) -> Payment | None:
    """Return the extension whose time this call gives; None if it was given before, is not paid, or is canceled."""
    paid = Payment.objects.filter(
        id=payment_id, owner_id=owner_id, purpose=Payment.Purpose.EXTENSION, state__in=PAID, due_cents=None
    )
    if not paid.filter(granted_at=None).update(granted_at=now):
        return None
    return Payment.objects.get(id=payment_id)


def cancel_payment(payment: Payment, now: datetime) -> bool:
    """Cancel a payment; money that still arrives is released. Returns False if the payment is paid."""
    unpaid = Payment.objects.filter(id=payment.id, state=State.CREATED, due_cents=None)
    if not unpaid.update(due_cents=0, decided_at=now):
        return False
    schedule(PaymentJob.CLOSE, str(payment.id), now, session_id=payment.owner_id)
    return True


def finish(*, owner_id: UUID, due: Callable[[list[Payment]], dict[UUID, int]], now: datetime) -> None:
    """Decide how many cents of each payment are captured, and schedule it. The first decision on a payment counts.

    `due` decides about the owner's locked payments, and leaves out undecided ones. 0 releases the hold. An unpaid
    payment is canceled, whatever is due of it; money that still arrives is released. Raises `Payment.DoesNotExist` for
    a payment of another owner, ValueError for more than is held.
    """
    _finish(_End(owner_id, due, now))


@dataclass(frozen=True)
class _End:
    """What `finish` is told."""

    owner_id: UUID
    due: Callable[[list[Payment]], dict[UUID, int]]
    now: datetime


@put_off
def _finish(ends: list[_End]) -> None:
    with transaction.atomic():
        of_owners: dict[UUID, dict[UUID, Payment]] = {end.owner_id: {} for end in ends}
        for payment in rows(Payment, "owner_id IN (%s) ORDER BY id", list(of_owners), lock=True):
            of_owners[payment.owner_id][payment.id] = payment
        for end in ends:
            payments = of_owners[end.owner_id]
            decided = end.due(list(payments.values()))
            if decided.keys() - payments.keys():
                raise Payment.DoesNotExist(f"not all of these are payments of {end.owner_id}")
            for payment_id, cents in decided.items():
                _decide(payments[payment_id], cents, end.now)


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
    """Refund part or all of a charge, in cents: the row now, Stripe from the queue.

    Raises `NotRefundable` for more than is left (`Disputed` during a dispute), `Payment.DoesNotExist`, and ValueError
    for nothing or less.
    """
    if amount_cents <= 0:
        raise ValueError("a refund is more than nothing")
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=payment_id)
        if disputes.blocks_refunds(payment):
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
        schedule(PaymentJob.REFUND, str(given.id), now, session_id=payment.owner_id)
    return given


def held_cents(payments: Iterable[Payment]) -> int:
    """Return the cents ever held for these payments."""
    return sum(payment.amount_cents for payment in payments if payment.authorized_at)


def charged_cents(payments: Iterable[Payment]) -> int:
    """Return the cents charged, or about to be charged, for these payments."""
    return sum(payment.charged_cents for payment in payments)


def refundable_cents(payment: Payment) -> int:
    """Return how much of the charge can still be refunded, in cents."""
    return max(0, kept_cents(payment))


def kept_cents(payment: Payment) -> int:
    """Return what is left of the charge, in cents. Pending refunds and lost disputes count as returned.

    Less than nothing if a bank took back what had been refunded before.
    """
    given = [refund.amount_cents for refund in payment.refunds.all() if refund.state != Refund.State.FAILED]
    return payment.captured_cents - sum(given) - disputes.lost_cents(payment)


def _decide(payment: Payment, cents: int, now: datetime) -> None:
    if not 0 <= cents <= payment.amount_cents:
        raise ValueError(f"{cents} of {payment.amount_cents} cents cannot be due")
    if payment.due_cents is not None:
        return
    if payment.state in (State.CREATED, State.AUTHORIZED):
        payment.due_cents = cents if payment.state == State.AUTHORIZED else 0
        payment.decided_at = now
        _save_decision(payment)
        schedule(_what_follows(payment), str(payment.id), now, session_id=payment.owner_id)
    elif payment.state in (State.CAPTURED, State.RELEASED):
        _note_settled(payment, cents, now)


def _note_settled(payment: Payment, cents: int, now: datetime) -> None:
    """Its charge is decided after it came to rest: captured at Stripe by hand, or given up by its bank."""
    if payment.state == State.CAPTURED:
        schedule(PaymentFact.EARNED, str(payment.id), now, session_id=payment.owner_id, payload=news_of(payment))
    else:
        payment.due_cents, payment.decided_at = cents, now
        _save_decision(payment)
    schedule(PaymentFact.SETTLED, str(payment.id), now, session_id=payment.owner_id, payload=news_of(payment))


@put_off
def _save_decision(payments: list[Payment]) -> None:
    update_rows(payments, ["due_cents", "decided_at"])


def _what_follows(payment: Payment) -> PaymentJob:
    if payment.state == State.CREATED:
        return PaymentJob.CLOSE
    return PaymentJob.CAPTURE if payment.to_capture_cents else PaymentJob.RELEASE
