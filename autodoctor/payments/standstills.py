"""Money that should have moved and has not: read off the ledger alone, without asking Stripe.

`sweep` derives the missing jobs again, tells support of what has stood still for a day, and of holds that are about to
end. Jobs move the money; this is the safety net when one was given up, dismissed or lost.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from autodoctor.payments import earnings
from autodoctor.payments.earnings import EarningStatus
from autodoctor.payments.job_kinds import PaymentFact, PaymentJob, StandstillNews, news_of
from autodoctor.payments.models import (
    Earning,
    MoneyAlarm,
    Movement,
    Payment,
    PayoutAccount,
    Refund,
)
from autodoctor.scheduler.handlers import JobKind, JobPayload
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule

PATIENCE = timedelta(hours=1)  # for charges, releases and refunds; a failed job waits as long for support
SLOW_PATIENCE = timedelta(days=1)  # for transfers; after it, support is told of anything that stands still
LEFT_BEFORE_END = timedelta(hours=48)  # of a hold; of a shorter hold half its time
LOOKED_BACK = timedelta(days=90)  # for charges without an earning
MARGIN = timedelta(days=1)


class What(models.TextChoices):
    """What has not happened."""

    CAPTURE = "capture", _("Charge")
    RELEASE = "release", _("Release of a hold")
    CLOSE = "close", _("End of an unpaid payment")
    REFUND = "refund", _("Refund")
    EARNING = "earning", _("Earning of a charge")
    PAYOUT = "payout", _("Payout of an earning")
    MOVEMENT = "movement", _("Transfer")
    HOLD_ENDS = "hold_ends", _("The hold is about to end")


MOVED_BY: dict[What, JobKind] = {
    What.CAPTURE: PaymentJob.CAPTURE,
    What.RELEASE: PaymentJob.RELEASE,
    What.CLOSE: PaymentJob.CLOSE,
    What.REFUND: PaymentJob.REFUND,
    What.EARNING: PaymentFact.EARNED,
    What.PAYOUT: PaymentJob.ADVANCE_EARNING,
    What.MOVEMENT: PaymentJob.MOVE_EARNING,
}


@dataclass(frozen=True)
class Standstill:
    """`key` names the row that stands still; `since` when it should have moved, or when the hold ends."""

    what: What
    payment: Payment
    key: str
    cents: int
    since: datetime

    @property
    def name(self) -> str:
        """Return what tells this one from all others."""
        return f"{self.what}:{self.key}"

    @property
    def job_kind(self) -> JobKind | None:
        """Return the job that moves it; None if something else has to be decided first."""
        return MOVED_BY.get(self.what)


def find(now: datetime) -> list[Standstill]:
    """Return everything that stands still, what stands longest first."""
    found = [one for look in LOOKS for one in look(now)]
    return sorted(found, key=lambda one: one.since)


def set_going(found: Collection[Standstill], now: datetime) -> list[Standstill]:
    """Schedule the jobs of these again, with all their attempts; returns which. A running job is left alone."""
    with transaction.atomic():
        waiting = _jobs_of(found).filter(parked_at=None, leased_until__gt=now)
        running = set(waiting.values_list("kind", "key"))
        idle = [one for one in found if one.job_kind and (one.job_kind, one.key) not in running]
        for one in idle:
            _schedule(one, now)
    return idle


def sweep(job: Job, now: datetime) -> None:
    """Derive lost and failed jobs again, and tell support."""
    with transaction.atomic():
        found = find(now)
        live = set(_jobs_of(found).exclude(parked_at__lte=now - PATIENCE).values_list("kind", "key"))
        for one in found:
            if one.job_kind and (one.job_kind, one.key) not in live:
                _schedule(one, now)
        _tell_of(found, now)


def _schedule(one: Standstill, now: datetime) -> None:
    if one.job_kind:
        payload: JobPayload | None = news_of(one.payment) if isinstance(one.job_kind, PaymentFact) else None
        schedule(one.job_kind, one.key, now, session_id=one.payment.owner_id, payload=payload)


def _jobs_of(found: Iterable[Standstill]) -> QuerySet[Job]:
    wanted = [one for one in found if one.job_kind]
    return Job.objects.filter(kind__in={one.job_kind for one in wanted}, key__in={one.key for one in wanted})


def _tell_of(found: list[Standstill], now: datetime) -> None:
    """Alert support once about each; forget the alarms of what has moved."""
    known = {f"{alarm.what}:{alarm.key}": alarm.pk for alarm in MoneyAlarm.objects.all()}
    for one in found:
        late = one.what == What.HOLD_ENDS or one.since <= now - SLOW_PATIENCE
        if late and one.name not in known:
            MoneyAlarm.objects.create(what=one.what, key=one.key, raised_at=now)
            fact = PaymentFact.HOLD_ENDS if one.what == What.HOLD_ENDS else PaymentFact.STANDS_STILL
            schedule(fact, one.name, now, session_id=one.payment.owner_id, payload=_news(one))
    over = known.keys() - {one.name for one in found}
    MoneyAlarm.objects.filter(pk__in=[known[name] for name in over]).delete()


def _news(one: Standstill) -> StandstillNews:
    return StandstillNews(
        **news_of(one.payment),
        what=one.what,
        amount_cents=one.cents,
        currency=one.payment.currency,
        since=one.since.isoformat(),
    )


def _holds(now: datetime) -> Iterator[Standstill]:
    """Yield holds that are decided and neither charged nor released."""
    held = Payment.objects.filter(state=Payment.State.AUTHORIZED, due_cents__isnull=False)
    for payment in held:
        if (since := _decided_at(payment)) <= now - PATIENCE:
            what = What.CAPTURE if payment.to_capture_cents else What.RELEASE
            yield Standstill(what, payment, str(payment.id), payment.to_capture_cents or payment.amount_cents, since)


def _ending_holds(now: datetime) -> Iterator[Standstill]:
    """Yield holds, decided or not, that their banks give up soon."""
    ending = Payment.objects.filter(state=Payment.State.AUTHORIZED, capture_before__lte=now + LEFT_BEFORE_END)
    for payment in ending:
        if payment.capture_before and payment.authorized_at and (payment.to_capture_cents or payment.due_cents is None):
            half = (payment.capture_before - payment.authorized_at) / 2
            if payment.capture_before - min(LEFT_BEFORE_END, half) <= now:
                cents = payment.to_capture_cents or payment.amount_cents
                yield Standstill(What.HOLD_ENDS, payment, str(payment.id), cents, payment.capture_before)


def _called_off(now: datetime) -> Iterator[Standstill]:
    """Yield unpaid payments that are canceled and can still be paid."""
    unpaid = Payment.objects.filter(state=Payment.State.CREATED, due_cents=0, decided_at__lte=now - PATIENCE)
    for payment in unpaid:
        yield Standstill(What.CLOSE, payment, str(payment.id), payment.amount_cents, _decided_at(payment))


def _refunds(now: datetime) -> Iterator[Standstill]:
    requested = Refund.objects.filter(state=Refund.State.REQUESTED, created_at__lte=now - PATIENCE)
    for refund in requested.select_related("payment"):
        yield Standstill(What.REFUND, refund.payment, str(refund.id), refund.amount_cents, refund.created_at)


def _without_earning(now: datetime) -> Iterator[Standstill]:
    """Yield charges of sessions that are over, of which nobody has earned anything.

    An earning is written after its charge: older ones need not be looked at.
    """
    least = -(-100 // (settings.MECHANIC_SHARE_PERCENT or 1))  # a share of a cent
    charged = Payment.objects.filter(
        state=Payment.State.CAPTURED,
        closed_at__range=(now - LOOKED_BACK, now - PATIENCE),
        due_cents__isnull=False,
        captured_cents__gte=least,
    ).exclude(id__in=Earning.objects.filter(created_at__gte=now - LOOKED_BACK - MARGIN).values("payment"))
    for payment in charged if settings.MECHANIC_SHARE_PERCENT else ():
        yield Standstill(
            What.EARNING, payment, str(payment.id), payment.captured_cents, payment.closed_at or payment.created_at
        )


def _payouts(now: datetime) -> Iterator[Standstill]:
    """Yield earnings that nothing holds back, and that nobody has sent."""
    unsettled = Earning.objects.filter(settled=False, payable_at__lte=now - SLOW_PATIENCE)
    owners = PayoutAccount.objects.filter(user__in=unsettled.values("mechanic"))
    accounts = {account.user_id: account for account in owners}
    of_charges: dict[Payment, list[Earning]] = defaultdict(list)  # several mechanics may earn of one
    open_ones = list(unsettled)
    for earning, seen in zip(open_ones, earnings.positions(open_ones, accounts, now), strict=True):
        if seen.stands == EarningStatus.PAYABLE:
            of_charges[earning.payment].append(earning)
    for payment, unsent in of_charges.items():
        cents = sum(earning.share_cents - earning.net_cents for earning in unsent)
        since = min(earning.payable_at for earning in unsent)
        yield Standstill(What.PAYOUT, payment, str(payment.id), cents, since)


def _movements(now: datetime) -> Iterator[Standstill]:
    decided = Movement.objects.filter(state=Movement.State.DECIDED, created_at__lte=now - SLOW_PATIENCE)
    for movement in decided.select_related("earning__payment"):
        payment, since = movement.earning.payment, movement.asked_at or movement.created_at
        if since <= now - SLOW_PATIENCE:
            yield Standstill(What.MOVEMENT, payment, str(movement.id), movement.amount_cents, since)


def _decided_at(payment: Payment) -> datetime:
    """Return since when the payment could have been charged or ended as decided."""
    return max(filter(None, (payment.decided_at, payment.authorized_at)), default=payment.created_at)


# Each looks at one kind of row, by an index of its own.
LOOKS: list[Callable[[datetime], Iterator[Standstill]]] = [
    _holds,
    _ending_holds,
    _called_off,
    _refunds,
    _without_earning,
    _payouts,
    _movements,
]
