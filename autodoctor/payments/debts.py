"""What mechanics owe: money that was sent to them and is to be taken back, and that their account no longer has.

A debt is a reversal in state `owed`. Coming earnings pay it, the oldest debt first; Stripe is asked again every day.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from autodoctor.core.raw_sql import values
from autodoctor.payments.job_kinds import DebtNews, PaymentFact, news_of
from autodoctor.payments.models import Dispute, Earning, Movement, Payment
from autodoctor.scheduler.queue import schedule

Kind, State = Movement.Kind, Movement.State
REMEMBERED = timedelta(days=90)  # for so long after a dispute, earnings are held back longer
REFUSALS = {"balance_insufficient", "account_closed", "account_invalid"}  # Stripe's codes for: nothing to take


def open_debts() -> "QuerySet[Movement]":
    """Return what is owed, with its charge and its mechanic, the oldest first."""
    owed = Movement.objects.filter(state=State.OWED).select_related(
        "earning__payment", "earning__mechanic", "takes_back"
    )
    return owed.order_by("owed_at", "id")


def owed_by(mechanic_id: UUID) -> dict[str, int]:
    """Return the cents that a mechanic owes, by currency."""
    columns = "e.currency, SUM(m.amount_cents - m.offset_cents)"
    source = "payments_movement m JOIN payments_earning e ON e.id = m.earning_id"
    condition = "m.state = %s AND e.mechanic_id = %s GROUP BY e.currency"
    return dict(values(Movement, columns, condition, State.OWED, mechanic_id, source=source))


def record(movement: Movement, payment: Payment, now: datetime) -> None:
    """Record a reversal as owed, and tell support the first time. Runs in a transaction."""
    first = movement.owed_at is None
    movement.state, movement.owed_at = State.OWED, movement.owed_at or now
    movement.save(update_fields=["state", "owed_at"])
    if first:
        schedule(PaymentFact.OWED, str(movement.id), now, session_id=payment.owner_id, payload=_news(movement, payment))


def pay_off(earning: Earning, cents: int, now: datetime) -> int:
    """Keep up to `cents` of an earning for its mechanic's debts; returns how many. Runs in a transaction."""
    kept = 0
    mine = open_debts().filter(
        earning__mechanic=earning.mechanic_id, earning__payment__currency=earning.payment.currency
    )
    for debt in mine.select_for_update(of=("self",)):
        if part := min(cents - kept, debt.debt_cents):
            _lower(debt, part, now)
            _keep(earning, debt, part, now)
            kept += part
    return kept


def kept_cents(movements: Iterable[Movement]) -> int:
    """Return what was kept of an earning for debts, less what is owed again, in cents."""
    moves = list(movements)
    offsets = {move.id: move.amount_cents for move in moves if move.kind == Kind.OFFSET}
    again = sum(move.amount_cents for move in moves if move.takes_back_id in offsets)
    return sum(offsets.values()) - again


def hold_back(mechanic_id: UUID, now: datetime) -> timedelta:
    """Return how long after a session an earning is held back: longer where money had to be taken back."""
    wait = settings.DEADLINES["earning_wait"]
    if _is_at_risk(mechanic_id, now):
        wait = max(wait, settings.DEADLINES["earning_wait_at_risk"])
    return timedelta(seconds=wait)


def _is_at_risk(mechanic_id: UUID, now: datetime) -> bool:
    """Return whether the mechanic owes, or a bank has lately questioned a charge of theirs and not lost."""
    disputed = Dispute.objects.filter(payment__earnings__mechanic=mechanic_id, opened_at__gte=now - REMEMBERED)
    owed = Movement.objects.filter(state=State.OWED, earning__mechanic=mechanic_id)
    return owed.exists() or disputed.exclude(outcome=Dispute.Outcome.WON).exists()


def _lower(debt: Movement, cents: int, now: datetime) -> None:
    debt.offset_cents += cents
    if debt.offset_cents == debt.amount_cents:
        debt.state, debt.done_at = State.DONE, now
    debt.save(update_fields=["offset_cents", "state", "done_at"])


def _keep(earning: Earning, debt: Movement, cents: int, now: datetime) -> None:
    Movement.objects.create(
        earning=earning,
        kind=Kind.OFFSET,
        pays_off=debt,
        amount_cents=cents,
        account_id=debt.account_id,
        state=State.DONE,
        created_at=now,
        done_at=now,
    )


def _news(movement: Movement, payment: Payment) -> DebtNews:
    return DebtNews(
        **news_of(payment),
        mechanic_id=str(movement.earning.mechanic_id),
        amount_cents=movement.debt_cents,
        currency=payment.currency,
    )
