"""Earnings of mechanics: a share of each charge, sent when nothing blocks it, taken back after refunds.

Who carried a session one after the other divide each of its charges by the seconds of it that ran with them, and so
what of it was refunded: together they earn what one would.

What Stripe cannot take back is owed (`debts.py`), and kept back from later earnings.

Only `advance` moves an earning: it compares the share with the sent amount and decides the difference. So the order and
number of news do not matter.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.core.raw_sql import rows
from autodoctor.payments import debts, disputes
from autodoctor.payments.division import divide, round_together
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Dispute, Earning, Movement, Payment, PayoutAccount, Refund
from autodoctor.scheduler.queue import schedule

M = TypeVar("M", bound=models.Model)
Kind, State, LOST = Movement.Kind, Movement.State, Dispute.Outcome.LOST
# Whole cents: the database's division rounds down, as `Earning.share_cents` does.
SHARE = (F("gross_cents") - F("borne_cents")) * F("share_percent") / 100 + F("rounding_cents")
DECIDED_HERE = [
    *("borne_cents", "rounding_cents", "transferred_cents", "reversed_cents", "awaits_summary", "payable_at"),
    "settled",
]


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
    TAKING_BACK = "taking_back", _("On its way back")
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
    is_lost: bool = False  # the customer's bank took the charge back, or a part of it


@dataclass(frozen=True)
class Earner:
    """A mechanic who earns a part of charges. `seconds`: how much of each charge's time ran with them, by payment; only
    compared with those of others.
    """

    mechanic: User
    awaits_summary: bool
    seconds: Mapping[UUID, int] = field(default_factory=dict)


def learn(*, owner_id: UUID, earners: Sequence[Earner], completed_at: datetime, now: datetime) -> None:
    """Store who earns a charge, since when, and whether the summary is missing. What ran with nobody is the last one's.

    Joins the caller's transaction. A charge of whose share no cent is left creates no row, and nobody gets a row for
    nothing.
    """
    with transaction.atomic():
        for payment in rows(Payment, "owner_id = %s ORDER BY id", owner_id, lock=True):
            if (
                payment.state == Payment.State.CAPTURED
                and payment.captured_cents * settings.MECHANIC_SHARE_PERCENT >= 100
            ):
                _learn(payment, earners, completed_at, now)


def _learn(payment: Payment, earners: Sequence[Earner], completed_at: datetime, now: datetime) -> None:
    grosses = divide(payment.captured_cents, [earner.seconds.get(payment.id, 0) for earner in earners])
    found = []
    for earner, gross_cents in zip(earners, grosses, strict=True):
        if gross_cents:
            earning, _new = Earning.objects.get_or_create(
                payment=payment,
                mechanic=earner.mechanic,
                defaults={
                    "share_percent": settings.MECHANIC_SHARE_PERCENT,
                    "gross_cents": gross_cents,
                    "currency": payment.currency,
                    "completed_at": completed_at,
                    "awaits_summary": earner.awaits_summary,
                    "payable_at": completed_at,
                    "created_at": now,
                },
            )
            earning.awaits_summary = earner.awaits_summary
            found.append(earning)
    _advance_all(payment, found, now)


def schedule_advance(payment_id: UUID, now: datetime) -> None:
    """Something changed about this charge: a refund came to its end, a dispute was closed. In a transaction."""
    if earning := Earning.objects.filter(payment_id=payment_id).select_related("payment").first():
        _advance_at(earning, now)


def resume(mechanic_id: UUID, now: datetime) -> None:
    """Send the earnings that waited for this account. Runs in a transaction."""
    for earning in Earning.objects.filter(mechanic_id=mechanic_id, settled=False).select_related("payment"):
        _advance_at(earning, now)


def advance(*, payment_id: UUID, now: datetime) -> None:
    """Decide what follows from the present state; does nothing if it is already done."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=payment_id)
        _advance_all(payment, list(Earning.objects.filter(payment_id=payment_id)), now)


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


def positions(
    found: Collection[Earning], accounts: Mapping[UUID, PayoutAccount], now: datetime
) -> list[EarningPosition]:
    """Return the state of each earning, and give it its payment. `accounts`: by mechanic. In four queries."""
    if not found:
        return []
    ids = list({earning.payment_id for earning in found})
    payments = {payment.id: payment for payment in rows(Payment, "id IN (%s)", ids)}
    refunds = _grouped(rows(Refund, "payment_id IN (%s)", ids), "payment_id")
    disputed = _grouped(rows(Dispute, "payment_id IN (%s)", ids), "payment_id")
    moved = _grouped(rows(Movement, "earning_id IN (%s)", [earning.id for earning in found]), "earning_id")
    stand = []
    for earning in found:
        earning.payment = payment = payments[earning.payment_id]
        is_held = disputes.hold_earning(payment, disputed[payment.id])
        waits = _waits(
            earning, accounts.get(earning.mechanic_id), now, is_held=is_held, borne=_borne(refunds[payment.id])
        )
        position = _position(earning, moved[earning.id], tuple(waits), is_held=is_held)
        stand.append(replace(position, is_lost=any(one.outcome == LOST for one in disputed[payment.id])))
    return stand


def _grouped(found: Iterable[M], name: str) -> defaultdict[UUID, list[M]]:
    groups: defaultdict[UUID, list[M]] = defaultdict(list)
    for one in found:
        groups[getattr(one, name)].append(one)
    return groups


def _position(
    earning: Earning, movements: list[Movement], waits: tuple[WaitReason, ...], *, is_held: bool
) -> EarningPosition:
    moves = [move for move in movements if move.state != State.WITHDRAWN]
    signs = {Kind.TRANSFER: 1, Kind.REVERSAL: -1, Kind.OFFSET: 0}
    paid = sum(signs[Kind(move.kind)] * move.at_stripe_cents for move in moves if move.state == State.DONE)
    return EarningPosition(
        stands=_stands(earning, movements, waits),
        waits=waits if earning.share_cents > earning.net_cents else (),
        paid_cents=paid,
        owed_cents=paid if is_held else 0,
        debt_cents=sum(move.debt_cents for move in moves),
        kept_cents=debts.kept_cents(moves),
    )


def _stands(earning: Earning, movements: list[Movement], waits: tuple[WaitReason, ...]) -> EarningStatus:
    if WaitReason.DISPUTE in waits:
        return EarningStatus.HELD
    if on_their_way := {movement.kind for movement in movements if movement.state == State.DECIDED}:
        return EarningStatus.TRANSFERRING if Kind.TRANSFER in on_their_way else EarningStatus.TAKING_BACK
    if earning.share_cents == 0:
        return EarningStatus.REVERSED
    if earning.net_cents >= earning.share_cents:
        return EarningStatus.PAID
    return EarningStatus.WAITING if waits else EarningStatus.PAYABLE


def _waits(
    earning: Earning, account: PayoutAccount | None, now: datetime, *, is_held: bool, borne: list[Refund]
) -> Iterable[WaitReason]:
    if is_held:
        yield WaitReason.DISPUTE
    if earning.awaits_summary:
        yield WaitReason.SUMMARY
    if any(refund.state == Refund.State.REQUESTED for refund in borne):
        yield WaitReason.REFUND  # less is sent if it comes about
    if account is None or not account.transfers_enabled:
        yield WaitReason.ACCOUNT
    if now < earning.payable_at:
        yield WaitReason.TIME


def _borne(refunds: Iterable[Refund]) -> list[Refund]:
    """Return the refunds that the mechanic bears."""
    return [refund for refund in refunds if refund.borne_by == Refund.Bearer.MECHANIC]


def _advance_all(payment: Payment, found: list[Earning], now: datetime) -> None:
    """Decide for all who earn of this charge, under its lock."""
    found.sort(key=lambda earning: (earning.created_at, earning.id))
    for earning in found:
        earning.payment = payment
    _share_out(payment, found)
    for earning in found:
        _advance(earning, now)


def _share_out(payment: Payment, found: list[Earning]) -> None:
    """Divide what was given back of the charge, and the cents that rounding leaves of the share."""
    grosses = [earning.gross_cents for earning in found]
    refunds = _borne(payment.refunds.all())
    issued = sum(refund.amount_cents for refund in refunds if refund.state == Refund.State.ISSUED)
    borne = min(issued + disputes.lost_cents(payment), sum(grosses))
    for earning, borne_cents in zip(found, divide(borne, grosses), strict=True):
        earning.borne_cents = borne_cents
    kept = [(earning.gross_cents - earning.borne_cents) * earning.share_percent for earning in found]
    for earning, hundredths, share_cents in zip(found, kept, round_together(kept), strict=True):
        earning.rounding_cents = share_cents - hundredths // 100


def _advance(earning: Earning, now: datetime) -> None:
    """Decide under the payment's lock, once what is borne is shared out."""
    owed = earning.share_cents - earning.net_cents
    account = PayoutAccount.objects.filter(user=earning.mechanic_id).first()
    earning.payable_at = earning.completed_at + debts.hold_back(earning.mechanic_id, now)
    held, borne = disputes.holds_earning(earning.payment), _borne(earning.payment.refunds.all())
    waits = list(_waits(earning, account, now, is_held=held, borne=borne))
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
    payment = Payment.objects.select_for_update().get(earnings__movements=movement_id)
    movement = Movement.objects.select_related("earning").get(id=movement_id)
    movement.earning.payment = payment
    return movement
