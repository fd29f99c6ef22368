"""Earnings of mechanics: a share of each charge, sent when nothing blocks it, taken back after refunds.

What Stripe cannot take back is owed (`debts.py`), and kept back from later earnings.

Only `advance` moves an earning: it compares the share with the sent amount and decides the difference. So the order and
number of news do not matter.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.core.raw_sql import rows
from autodoctor.payments import debts, disputes
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Earning, Movement, Payment, PayoutAccount, Refund
from autodoctor.scheduler.queue import schedule

Kind, State = Movement.Kind, Movement.State
# Whole cents: the database's division rounds down, as `Earning.share_cents` does.
SHARE = (F("gross_cents") - F("borne_cents")) * F("share_percent") / 100
DECIDED_HERE = ["borne_cents", "transferred_cents", "reversed_cents", "awaits_summary", "payable_at", "settled"]


class WaitReason(models.TextChoices):
    """What must happen before an earning is sent."""

    DISPUTE = "dispute", _("the customer’s bank")
    SUMMARY = "summary", _("the summary")
    REFUND = "refund", _("a refund on its way")
    ACCOUNT = "account", _("the payout account")
    TIME = "time", _("its day")


class EarningStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    PAYABLE = "payable", _("About to be sent")
    TRANSFERRING = "transferring", _("On its way")
    PAID = "paid", _("Paid")
    HELD = "held", _("Held")
    REVERSED = "reversed", _("Refunded to the customer")


@dataclass(frozen=True)
class EarningPosition:
    """The state of an earning at a moment. Amounts in cents."""

    stands: EarningStatus
    waits: tuple[WaitReason, ...]
    paid_cents: int  # sent and not taken back
    owed_cents: int  # sent already, of a charge that the customer's bank disputes
    debt_cents: int = 0  # to be taken back, and not there
    kept_cents: int = 0  # not sent, for a debt


def learn(*, owner_id: UUID, mechanic: User, completed_at: datetime, awaits_summary: bool, now: datetime) -> None:
    """Store who earns a charge, since when, and whether the summary is missing.

    Joins the caller's transaction. A share below one cent creates no row.
    """
    with transaction.atomic():
        for payment in rows(Payment, "owner_id = %s ORDER BY id", owner_id, lock=True):
            if (
                payment.state == Payment.State.CAPTURED
                and payment.captured_cents * settings.MECHANIC_SHARE_PERCENT >= 100
            ):
                earning, _new = Earning.objects.get_or_create(
                    payment=payment,
                    defaults={
                        "mechanic": mechanic,
                        "share_percent": settings.MECHANIC_SHARE_PERCENT,
                        "gross_cents": payment.captured_cents,
                        "currency": payment.currency,
                        "completed_at": completed_at,
                        "awaits_summary": awaits_summary,
                        "payable_at": completed_at,
                        "created_at": now,
                    },
                )
                earning.awaits_summary, earning.payment = awaits_summary, payment
                _advance(earning, now)


def schedule_advance(payment_id: UUID, now: datetime) -> None:
    """Something changed about this charge: a refund came to its end, a dispute was closed. In a transaction."""
    for earning in Earning.objects.filter(payment_id=payment_id).select_related("payment"):
        _advance_at(earning, now)


def resume(mechanic_id: UUID, now: datetime) -> None:
    """Send the earnings that waited for this account. Runs in a transaction."""
    for earning in Earning.objects.filter(mechanic_id=mechanic_id, settled=False).select_related("payment"):
        _advance_at(earning, now)


def advance(*, payment_id: UUID, now: datetime) -> None:
    """Decide what follows from the present state; does nothing if it is already done."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=payment_id)
        if earning := Earning.objects.filter(payment_id=payment_id).first():
            earning.payment = payment
            _advance(earning, now)


def finish(movement_id: UUID, stripe_id: str, now: datetime) -> None:
    """Record that Stripe has done the movement. The first caller continues from there."""
    with transaction.atomic():
        movement = _locked(movement_id)
        if movement.state == State.DECIDED:
            movement.state, movement.stripe_id, movement.done_at = State.DONE, stripe_id, now
            movement.save(update_fields=["state", "stripe_id", "done_at"])
            for reversal in movement.reversals.filter(state=State.DECIDED):
                _move_at(reversal, movement.earning, now)
            _advance_at(movement.earning, now)


def withdraw(movement_id: UUID, now: datetime) -> None:
    """Withdraw the movement because the account takes no transfers. The earning waits again."""
    with transaction.atomic():
        movement = _locked(movement_id)
        if movement.state == State.DECIDED:
            taken_back = movement.reversals.exclude(state=State.WITHDRAWN)
            earning = movement.earning
            earning.transferred_cents -= movement.amount_cents
            earning.reversed_cents -= sum(reversal.amount_cents for reversal in taken_back)
            earning.settled = False
            earning.save(update_fields=["transferred_cents", "reversed_cents", "settled"])
            taken_back.update(state=State.WITHDRAWN)
            Movement.objects.filter(id=movement_id).update(state=State.WITHDRAWN)


def owe(movement_id: UUID, code: str, now: datetime) -> None:
    """Record that the account has too little for the reversal: the mechanic owes it."""
    with transaction.atomic():
        movement = _locked(movement_id)
        if movement.state == State.DECIDED and movement.kind == Kind.REVERSAL:
            note_refusal(movement, code)
            debts.record(movement, movement.earning.payment, now)


def ask_again(movement_ids: Collection[UUID], now: datetime) -> list[Movement]:
    """Try to take back what is owed, the account may have money again; returns the tried movements."""
    with transaction.atomic():
        open_ones = debts.open_debts().filter(id__in=movement_ids).select_for_update(of=("self",))
        tried = [debt for debt in open_ones if debt.takes_back and debt.takes_back.kind == Kind.TRANSFER]
        Movement.objects.filter(id__in=[debt.id for debt in tried]).update(state=State.DECIDED, asked_at=now)
        for debt in tried:
            _move_at(debt, debt.earning, now)
    return tried


def note_refusal(movement: Movement, code: str) -> None:
    """Record a final refusal under this key; the next attempt has another key."""
    Movement.objects.filter(id=movement.id).update(refusals=F("refusals") + 1, refused_code=code[:120])


def position(earning: Earning, account: PayoutAccount | None, now: datetime) -> EarningPosition:
    """Return the earning's state from the data prefetched by `with_all`."""
    waits = tuple(_waits(earning, account, now))
    moves = [move for move in earning.movements.all() if move.state != State.WITHDRAWN]
    signs = {Kind.TRANSFER: 1, Kind.REVERSAL: -1, Kind.OFFSET: 0}
    paid = sum(signs[Kind(move.kind)] * move.at_stripe_cents for move in moves if move.state == State.DONE)
    return EarningPosition(
        stands=_stands(earning, waits),
        waits=waits if earning.share_cents > earning.net_cents else (),
        paid_cents=paid,
        owed_cents=paid if disputes.holds_earning(earning.payment) else 0,
        debt_cents=sum(move.debt_cents for move in moves),
        kept_cents=debts.kept_cents(moves),
    )


def with_all(earnings: "models.QuerySet[Earning]") -> "models.QuerySet[Earning]":
    """Prefetch everything that `position` reads, in four queries."""
    return earnings.select_related("payment").prefetch_related("payment__refunds", "payment__disputes", "movements")


def _stands(earning: Earning, waits: tuple[WaitReason, ...]) -> EarningStatus:
    if WaitReason.DISPUTE in waits:
        return EarningStatus.HELD
    if any(movement.state == State.DECIDED for movement in earning.movements.all()):
        return EarningStatus.TRANSFERRING
    if earning.share_cents == 0:
        return EarningStatus.REVERSED
    if earning.net_cents >= earning.share_cents:
        return EarningStatus.PAID
    return EarningStatus.WAITING if waits else EarningStatus.PAYABLE


def _waits(earning: Earning, account: PayoutAccount | None, now: datetime) -> Iterable[WaitReason]:
    if disputes.holds_earning(earning.payment):
        yield WaitReason.DISPUTE
    if earning.awaits_summary:
        yield WaitReason.SUMMARY
    if any(refund.state == Refund.State.REQUESTED for refund in _borne(earning)):
        yield WaitReason.REFUND  # less is sent if it comes about
    if account is None or not account.transfers_enabled:
        yield WaitReason.ACCOUNT
    if now < earning.payable_at:
        yield WaitReason.TIME


def _borne(earning: Earning) -> list[Refund]:
    """Return the refunds that the mechanic bears, in cents."""
    return [refund for refund in earning.payment.refunds.all() if refund.borne_by == Refund.Bearer.MECHANIC]


def _advance(earning: Earning, now: datetime) -> None:
    """Decide under the payment's lock."""
    given_back = sum(refund.amount_cents for refund in _borne(earning) if refund.state == Refund.State.ISSUED)
    earning.borne_cents = min(given_back + disputes.lost_cents(earning.payment), earning.gross_cents)
    owed = earning.share_cents - earning.net_cents
    account = PayoutAccount.objects.filter(user=earning.mechanic_id).first()
    earning.payable_at = earning.completed_at + debts.hold_back(earning.mechanic_id, now)
    waits = list(_waits(earning, account, now))
    if owed < 0:
        _take_back(earning, -owed, now)
    elif owed and account and not waits and not _on_its_way(earning):
        if rest := owed - _keep_for_debts(earning, owed, now):
            _send(earning, rest, account, now)
    elif owed and waits == [WaitReason.TIME]:
        _advance_at(earning, earning.payable_at)
    earning.settled = earning.share_cents == earning.net_cents
    earning.save(update_fields=DECIDED_HERE)


def _keep_for_debts(earning: Earning, cents: int, now: datetime) -> int:
    """Keep back what the mechanic owes of other charges; returns the cents."""
    kept = debts.pay_off(earning, cents, now)
    earning.transferred_cents += kept
    return kept


def _on_its_way(earning: Earning) -> bool:
    return earning.movements.filter(kind=Kind.TRANSFER, state=State.DECIDED).exists()


def _send(earning: Earning, cents: int, account: PayoutAccount, now: datetime) -> None:
    earning.transferred_cents += cents
    sent = Movement.objects.create(
        earning=earning, kind=Kind.TRANSFER, amount_cents=cents, account_id=account.stripe_id, created_at=now
    )
    _move_at(sent, earning, now)


def _take_back(earning: Earning, cents: int, now: datetime) -> None:
    """Take back from the last transfer first; from a pending transfer after it has arrived.

    What was kept for a debt never was in the account: it is owed again.
    """
    earning.reversed_cents += cents
    transfers = earning.movements.exclude(kind=Kind.REVERSAL).exclude(state=State.WITHDRAWN)
    for transfer in transfers.prefetch_related("reversals").order_by("-created_at"):
        gone = sum(one.amount_cents for one in transfer.reversals.all() if one.state != State.WITHDRAWN)
        if part := min(cents, transfer.amount_cents - gone):
            cents -= part
            taken = Movement.objects.create(
                earning=earning,
                kind=Kind.REVERSAL,
                takes_back=transfer,
                amount_cents=part,
                account_id=transfer.account_id,
                created_at=now,
            )
            if transfer.kind == Kind.OFFSET:
                debts.record(taken, earning.payment, now)
            else:
                _move_at(taken, earning, now)


def _advance_at(earning: Earning, moment: datetime) -> None:
    schedule(PaymentJob.ADVANCE_EARNING, str(earning.payment_id), moment, session_id=earning.payment.owner_id)


def _move_at(movement: Movement, earning: Earning, moment: datetime) -> None:
    schedule(PaymentJob.MOVE_EARNING, str(movement.id), moment, session_id=earning.payment.owner_id)


def _locked(movement_id: UUID) -> Movement:
    """Return the earning, locked."""
    payment = Payment.objects.select_for_update().get(earning__movements=movement_id)
    movement = Movement.objects.select_related("earning").get(id=movement_id)
    movement.earning.payment = payment
    return movement
