"""Compare our ledger with Stripe's lists and report differences. Never changes anything.

Each function of `COMPARISONS` goes through one of Stripe's lists since a moment, then through our rows of that time,
and yields differences. Money moves during the comparison, so every difference is checked a second time.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from autodoctor.core.parsing import parse_uuid
from autodoctor.payments.models import Dispute, Movement, Payment, Refund
from autodoctor.payments.standstills import Standstill
from autodoctor.payments.stripe import TransferSnapshot, lists
from autodoctor.payments.stripe.lists import PAGE, ListedCharge, ListedIntent, ListedRefund

State = Payment.State
MARGIN = timedelta(hours=1)  # Stripe's lists begin this much earlier: its clock and ours need not agree
AT_STRIPE = {
    State.AUTHORIZED: {"requires_capture"},
    State.CAPTURED: {"succeeded"},
    State.RELEASED: {"canceled"},
}
HOLDS_MONEY = {"requires_capture", "succeeded"}
T = TypeVar("T")
Heard = Callable[[str, int], None]  # the list, and the number of rows read


@dataclass(frozen=True)
class Difference:
    """`what` is unknown_here, unknown_at_stripe, amount, currency, captured, state, refunded, reversed, dispute,
    stands_still or unexplained (`books.py`).
    """

    what: str
    of: str  # payment_intent, charge, refund, dispute or transfer; of money that stands still: `standstills.What`
    stripe_id: str
    payment_id: str
    ours: str
    theirs: str

    @property
    def found(self) -> str:
        """Return what tells this difference from another in the same field; a payment has one intent and one charge."""
        return self.theirs if self.of in ("payment_intent", "charge") else f"{self.stripe_id} {self.theirs}"

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def differences(since: datetime, *, heard: Heard = lambda of, count: None) -> list[Difference]:
    """Return the differences that a second look confirms. Raises `PaymentError` if Stripe does not answer."""
    if not (found := _all(since, heard)):
        return []
    again = set(_all(since, heard))
    return [difference for difference in found if difference in again]


def as_differences(standing: Iterable[Standstill]) -> list[Difference]:
    """Return money that should have moved and has not, in the same form: both books may agree that it stands."""
    return [_standing(one) for one in standing]


def _standing(one: Standstill) -> Difference:
    ours = f"{one.cents} since {one.since:%Y-%m-%d %H:%M}"
    return _difference("stands_still", one.what, one.payment.intent_id or one.key, one.payment, ours, "")


def _all(since: datetime, heard: Heard) -> list[Difference]:
    return [difference for compare in COMPARISONS for difference in compare(since, heard)]


def _intents(since: datetime, heard: Heard) -> Iterator[Difference]:
    seen: set[str] = set()
    for page in _counted("payment_intent", lists.intents(since - MARGIN), heard):
        seen.update(intent.id for intent in page)
        ours = _payments_of(intent.id for intent in page)
        for intent in page:
            yield from _compare_intent(intent, ours.get(intent.id))
    for payment in _rows_since(since).exclude(intent_id=""):
        if payment.intent_id not in seen:
            yield _difference("unknown_at_stripe", "payment_intent", payment.intent_id, payment, payment.state, "")


def _compare_intent(intent: ListedIntent, payment: Payment | None) -> Iterator[Difference]:
    """A failed attempt needs no row; an attempt that holds money does."""
    if payment is None:
        if intent.status in HOLDS_MONEY:
            theirs = f"{intent.status} {intent.amount_cents} {intent.currency}"
            yield Difference("unknown_here", "payment_intent", intent.id, _known(intent.payment_id), "", theirs)
        return
    pairs = {
        "amount": (str(payment.amount_cents), str(intent.amount_cents)),
        "currency": (payment.currency, intent.currency),
        "captured": (str(payment.captured_cents), str(intent.received_cents)),
    }
    for name, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield _difference(name, "payment_intent", intent.id, payment, ours, theirs)
    if not _same_state(payment, intent.status):
        yield _difference("state", "payment_intent", intent.id, payment, payment.state, intent.status)


def _same_state(payment: Payment, status: str) -> bool:
    expected = AT_STRIPE.get(State(payment.state))
    return status in expected if expected else status not in HOLDS_MONEY


def _charges(since: datetime, heard: Heard) -> Iterator[Difference]:
    for page in _counted("charge", lists.charges(since - MARGIN), heard):
        ours = _payments_of(charge.intent_id for charge in page)
        given = _given_back(ours.values())
        for charge in page:
            if charge.paid:
                payment = ours.get(charge.intent_id)
                yield from _compare_charge(charge, payment, given.get(payment.id, 0) if payment else 0)


def _compare_charge(charge: ListedCharge, payment: Payment | None, given_cents: int) -> Iterator[Difference]:
    """A charge without a row is reported by its PaymentIntent, unless it has none."""
    if payment is None:
        if not charge.intent_id:
            yield Difference("unknown_here", "charge", charge.id, "", "", f"captured {charge.captured_cents}")
        return
    # Stripe counts what a capture leaves of a hold as refunded, too.
    if charge.refunded_cents not in (given_cents, given_cents + charge.amount_cents - charge.captured_cents):
        yield _difference("refunded", "charge", charge.id, payment, str(given_cents), str(charge.refunded_cents))
    if charge.disputed != bool(payment.disputed_at):
        words = {True: "disputed", False: "not disputed"}
        ours, theirs = words[bool(payment.disputed_at)], words[charge.disputed]
        yield _difference("dispute", "charge", charge.id, payment, ours, theirs)


def _refunds(since: datetime, heard: Heard) -> Iterator[Difference]:
    seen: set[str] = set()
    for page in _counted("refund", lists.refunds(since - MARGIN), heard):
        seen.update(refund.id for refund in page)
        ours = _refunds_of(page)
        for refund in page:
            if refund.moved_money:
                yield from _compare_refund(refund, ours.get(refund.refund_id) or ours.get(refund.id))
    issued = Refund.objects.filter(created_at__gte=since, state=Refund.State.ISSUED).select_related("payment")
    for row in issued.iterator():
        if row.stripe_id not in seen:
            yield _difference("unknown_at_stripe", "refund", row.stripe_id or str(row.id), row.payment, row.state, "")


def _compare_refund(refund: ListedRefund, row: Refund | None) -> Iterator[Difference]:
    if row is None:
        theirs = f"{refund.status} {refund.amount_cents} of {refund.intent_id}"
        yield Difference("unknown_here", "refund", refund.id, "", "", theirs)
        return
    if row.amount_cents != refund.amount_cents:
        yield _difference("amount", "refund", refund.id, row.payment, str(row.amount_cents), str(refund.amount_cents))
    expected = Refund.State.FAILED if refund.failed else Refund.State.ISSUED
    if row.state != expected:
        yield _difference("state", "refund", refund.id, row.payment, row.state, refund.status)


def _disputes(since: datetime, heard: Heard) -> Iterator[Difference]:
    for page in _counted("dispute", lists.disputes(since - MARGIN), heard):
        ids = [dispute.id for dispute in page]
        ours = {row.stripe_id: row for row in Dispute.objects.filter(stripe_id__in=ids).select_related("payment")}
        for dispute in page:
            row = ours.get(dispute.id)
            if row is None:
                yield Difference("unknown_here", "dispute", dispute.id, "", "", dispute.status)
            elif (row.outcome, row.amount_cents) != (dispute.outcome, dispute.amount_cents):
                ours_in_words, theirs = f"{row.status} {row.amount_cents}", f"{dispute.status} {dispute.amount_cents}"
                yield _difference("state", "dispute", dispute.id, row.payment, ours_in_words, theirs)


def _transfers(since: datetime, heard: Heard) -> Iterator[Difference]:
    seen: set[str] = set()
    for page in _counted("transfer", lists.transfers(since - MARGIN), heard):
        seen.update(transfer.id for transfer in page)
        known = [_known(transfer.movement_id) for transfer in page]
        rows = _movements().filter(id__in=[each for each in known if each]).prefetch_related("reversals")
        ours = {str(row.id): row for row in rows}
        for transfer in page:
            yield from _compare_transfer(transfer, ours.get(_known(transfer.movement_id)))
    for row in _movements().filter(kind=Movement.Kind.TRANSFER, state=Movement.State.DONE, created_at__gte=since):
        if row.stripe_id not in seen:
            payment = row.earning.payment
            yield _difference("unknown_at_stripe", "transfer", row.stripe_id, payment, str(row.amount_cents), "")


def _compare_transfer(transfer: TransferSnapshot, row: Movement | None) -> Iterator[Difference]:
    if row is None:
        yield Difference("unknown_here", "transfer", transfer.id, "", "", str(transfer.amount_cents))
        return
    done = [each.at_stripe_cents for each in row.reversals.all() if each.state == Movement.State.DONE]
    pairs = {
        "amount": (row.amount_cents, transfer.amount_cents),
        "reversed": (sum(done), transfer.reversed_cents),
    }
    for name, (ours, theirs) in pairs.items():
        if ours != theirs:
            yield _difference(name, "transfer", transfer.id, row.earning.payment, str(ours), str(theirs))


# Each goes through one list; another list is one function more.
COMPARISONS: list[Callable[[datetime, Heard], Iterator[Difference]]] = [
    _intents,
    _charges,
    _refunds,
    _disputes,
    _transfers,
]


def _movements() -> QuerySet[Movement]:
    return Movement.objects.select_related("earning__payment")


def _rows_since(since: datetime) -> Any:
    return Payment.objects.filter(created_at__gte=since).order_by("created_at")


def _payments_of(intent_ids: Iterable[str]) -> dict[str, Payment]:
    found = Payment.objects.filter(intent_id__in=set(intent_ids) - {""})
    return {payment.intent_id: payment for payment in found}


def _refunds_of(page: list[ListedRefund]) -> dict[str, Refund]:
    """Return refunds by our id and by Stripe's."""
    by_ours = Q(id__in=[known for refund in page if (known := _known(refund.refund_id))])
    by_theirs = Q(stripe_id__in=[refund.id for refund in page])
    found = list(Refund.objects.filter(by_ours | by_theirs).select_related("payment"))
    return {row.stripe_id: row for row in found if row.stripe_id} | {str(row.id): row for row in found}


def _given_back(payments: Iterable[Payment]) -> dict[UUID, int]:
    """Return the cents refunded of each payment, as far as Stripe has reported."""
    issued = Refund.objects.filter(payment__in=list(payments), state=Refund.State.ISSUED)
    return dict(issued.values_list("payment").annotate(Sum("amount_cents")))


def _counted(of: str, listed: Iterator[T], heard: Heard) -> Iterator[list[T]]:
    count = 0
    while page := list(islice(listed, PAGE)):
        count += len(page)
        yield page
        heard(of, count)


def _difference(what: str, of: str, stripe_id: str, payment: Payment, ours: str, theirs: str) -> Difference:
    return Difference(what, of, stripe_id, str(payment.id), str(ours), str(theirs))


def _known(text: str) -> str:
    """Return a reference of ours, else nothing: the field may come from anywhere."""
    known = parse_uuid(text)
    return str(known) if known else ""
