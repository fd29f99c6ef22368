"""Where the money is: totals of the ledger, and rows that do not explain each other.

Every cent is in one place: held, charged, released, refunded, lost to a bank, earned, sent, waiting or owed. The parts
of a row sum up to what the row says; `unexplained` lists where they do not. Read-only.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from autodoctor.core.chunks import in_chunks
from autodoctor.payments.earnings import SHARE
from autodoctor.payments.models import Dispute, Earning, Movement, Payment, Refund
from autodoctor.payments.reconcile import Difference

Kind, State = Movement.Kind, Movement.State
KEPT, KEPT_SECONDS = "payments.books.totals", 600


@dataclass
class Totals:
    """Cents of one currency, over all time; `held` is held now."""

    held: int = 0
    charged: int = 0
    refunded: int = 0
    lost: int = 0  # to customers' banks
    earned: int = 0  # by mechanics
    sent: int = 0  # to mechanics, less what came back
    waiting: int = 0  # earned and not sent yet
    owed: int = 0  # sent, no longer earned, and not back


def totals() -> dict[str, Totals]:
    """Return where the money is, by currency: `earned` is `sent` and `waiting`, less `owed`."""
    found: dict[str, Totals] = defaultdict(Totals)
    for name, sums in _sums().items():
        for currency, cents in sums:
            setattr(found[currency], name, cents or 0)
    for total in found.values():
        total.waiting = total.earned - total.sent + total.owed
    return dict(found)


@dataclass(frozen=True)
class Reading:
    """The totals as they were at a moment."""

    totals: dict[str, Totals]
    at: datetime


def recent_totals(now: datetime) -> Reading:
    """Return totals that are some minutes old at most: counting them reads the whole ledger."""
    kept = cache.get(KEPT)
    if kept is None:
        kept = {"at": now.isoformat(), "totals": {currency: asdict(one) for currency, one in totals().items()}}
        cache.set(KEPT, kept, KEPT_SECONDS)
    found = {currency: Totals(**cents) for currency, cents in kept["totals"].items()}
    return Reading(found, datetime.fromisoformat(kept["at"]))


def unexplained() -> list[Difference]:
    """Return the rows whose parts do not sum up to what the row says."""
    return [difference for check in CHECKS for difference in check()]


def _sums() -> dict[str, Iterable[tuple[str, int | None]]]:
    payments, issued = Payment.objects, Refund.objects.filter(state=Refund.State.ISSUED)
    moves = Movement.objects.exclude(kind=Kind.OFFSET)
    done = Sum(F("amount_cents") - F("offset_cents"), filter=Q(state=State.DONE, kind=Kind.TRANSFER), default=0)
    back = Sum(F("amount_cents") - F("offset_cents"), filter=Q(state=State.DONE, kind=Kind.REVERSAL), default=0)
    lost = Dispute.objects.filter(outcome=Dispute.Outcome.LOST)
    return {
        "held": _by(payments.filter(state=Payment.State.AUTHORIZED), "currency", Sum("amount_cents")),
        "charged": _by(payments.filter(state=Payment.State.CAPTURED), "currency", Sum("captured_cents")),
        "refunded": _by(issued, "payment__currency", Sum("amount_cents")),
        "lost": _by(lost, "payment__currency", Sum("amount_cents")),
        "earned": _by(Earning.objects.all(), "currency", Sum(SHARE)),
        "sent": _by(moves, "earning__payment__currency", done - back),
        "owed": _by(moves.filter(state=State.OWED), "earning__payment__currency", Sum(_LEFT)),
    }


_LEFT = F("amount_cents") - F("offset_cents")


def _by(rows: "QuerySet[Any]", currency: str, total: Combinable) -> Iterable[tuple[str, int | None]]:
    found: Iterable[tuple[str, int | None]] = rows.order_by().values_list(currency).annotate(cents=total)
    return found


def _charges() -> Iterator[Difference]:
    """Yield payments that are charged without an amount, or have an amount and are not."""
    captured = Q(state=Payment.State.CAPTURED)
    wrong = captured & Q(captured_cents=0) | ~captured & Q(captured_cents__gt=0)
    for part in in_chunks(Payment.objects.all()):
        for payment in part.filter(wrong):
            yield _of("charged", payment, payment.state, payment.captured_cents)


def _refunds() -> Iterator[Difference]:
    """Yield charges of which more was refunded than charged."""
    given = Sum("refunds__amount_cents", filter=~Q(refunds__state=Refund.State.FAILED))
    for part in in_chunks(Payment.objects.all()):
        for payment in part.annotate(given=given).filter(given__gt=F("captured_cents")):
            yield _of("refunded", payment, payment.captured_cents, payment.given)


def _earnings() -> Iterator[Difference]:
    """Yield earnings that are of another currency than the charge, or count as settled and are not."""
    unsettled = Q(settled=True) & ~Q(transferred_cents=F("reversed_cents") + SHARE)
    for part in in_chunks(Earning.objects.select_related("payment")):
        for earning in part.exclude(currency=F("payment__currency")):
            yield _of("currency", earning.payment, earning.payment.currency, earning.currency)
        for earning in part.filter(unsettled):
            yield _of("settled", earning.payment, earning.share_cents, earning.net_cents)


def _shares() -> Iterator[Difference]:
    """Yield charges of which more or less is shared out to mechanics than was charged."""
    shared = Sum("earnings__gross_cents")
    for part in in_chunks(Payment.objects.all()):
        for payment in part.annotate(shared=shared).exclude(shared=F("captured_cents")).filter(shared__isnull=False):
            yield _of("earned", payment, payment.captured_cents, payment.shared)


def _movements() -> Iterator[Difference]:
    """Yield earnings of which another amount moved than the earning says."""
    there = ~Q(movements__state=State.WITHDRAWN)
    sent = Coalesce(Sum("movements__amount_cents", filter=there & ~Q(movements__kind=Kind.REVERSAL)), 0)
    back = Coalesce(Sum("movements__amount_cents", filter=there & Q(movements__kind=Kind.REVERSAL)), 0)
    for part in in_chunks(Earning.objects.select_related("payment")):
        moved = part.annotate(sent=sent, back=back)
        for earning in moved.exclude(sent=F("transferred_cents"), back=F("reversed_cents")):
            ours, theirs = earning.transferred_cents - earning.reversed_cents, earning.sent - earning.back
            yield _of("moved", earning.payment, ours, theirs)


def _debts() -> Iterator[Difference]:
    """Yield debts of which another amount was kept back than the debt says."""
    kept = Coalesce(Sum("offsets__amount_cents"), 0)
    for part in in_chunks(Movement.objects.select_related("earning__payment")):
        owed = part.filter(kind=Kind.REVERSAL).annotate(kept=kept)
        for debt in owed.exclude(kept=F("offset_cents")):
            yield _of("kept", debt.earning.payment, debt.offset_cents, debt.kept)


# Each proves one sum of the ledger, part by part.
CHECKS: list[Callable[[], Iterator[Difference]]] = [_charges, _refunds, _earnings, _shares, _movements, _debts]


def _of(what: str, payment: Payment, ours: object, theirs: object) -> Difference:
    return Difference("unexplained", what, payment.intent_id, str(payment.id), str(ours), str(theirs))
