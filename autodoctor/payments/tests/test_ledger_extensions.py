"""Payments are opened, canceled and decided without touching other payments."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.payments import ledger
from autodoctor.payments.job_kinds import news_of
from autodoctor.payments.models import Payment
from autodoctor.payments.tests.stand import EXTENSION_CENTS, Book, open_extension
from autodoctor.scheduler.models import Job

State = Payment.State
PAYMENT_FACTS = "owner_id payer purpose description state amount_cents currency seconds keep_card return_url created_at"
ASKED: dict[str, Any] = {
    "amount_cents": 777,
    "currency": "EUR",
    "seconds": 123,
    "description": "Quick look",
    "keep_card": True,
}


@dataclass(frozen=True)
class Neighbor:
    """Another payment, which actions on the first must not change."""

    payment: Payment
    was: dict[str, Any]

    def is_as_before(self) -> bool:
        return facts(self.payment.id) == self.was and not jobs(self.payment)


def facts(payment_id: UUID) -> dict[str, Any]:
    return dict(Payment.objects.filter(id=payment_id).values().get())


def jobs(payment: Payment) -> list[tuple[str, datetime]]:
    return list(Job.objects.filter(key=str(payment.id)).order_by("kind").values_list("kind", "due_at"))


def neighbor(payment: Payment) -> Neighbor:
    Job.objects.filter(key=str(payment.id)).delete()
    return Neighbor(payment, facts(payment.id))


def set_to(payment: Payment, **changes: Any) -> Payment:
    Payment.objects.filter(id=payment.id).update(**changes)
    return Payment.objects.get(id=payment.id)


@pytest.fixture
def elsewhere(stranger: User, now: datetime) -> Neighbor:
    """An extension of another session, not paid yet."""
    return neighbor(open_extension(stranger, now))


def test_a_booking_is_written_down_as_it_was_asked_for(book: Book, customer: User, now: datetime) -> None:
    owner_id = uuid4()
    written = Payment.objects.get(id=book(owner_id=owner_id, **ASKED).id)
    assert [getattr(written, name) for name in PAYMENT_FACTS.split()] == [
        *(owner_id, customer, "booking", "Quick look", State.CREATED, 777, "eur", 123, True, "", now)
    ]


def test_an_extension_is_written_down_as_it_was_asked_for(customer: User, now: datetime) -> None:
    owner_id = uuid4()
    opened = open_extension(customer, now, owner_id=owner_id, return_url="http://localhost/back/", **ASKED)
    written = Payment.objects.get(id=opened.id)
    assert [getattr(written, name) for name in PAYMENT_FACTS.split()] == [
        *(owner_id, customer, "extension", "Quick look", State.CREATED, 777, "eur", 123, True),
        *("http://localhost/back/", now),
    ]


def test_the_queue_goes_on_with_an_extension_in_15_seconds(extension: Payment, now: datetime) -> None:
    assert jobs(extension) == [("payment.collect", now + timedelta(seconds=15))]


@pytest.mark.parametrize(
    ("changes", "is_pending"),
    [
        ({}, True),
        ({"due_cents": 0}, True),  # called off, but a page or an attempt may still be open
        ({"state": State.AUTHORIZED}, True),
        ({"state": State.CAPTURED}, True),
        *(({"state": state, "due_cents": 0}, False) for state in (State.AUTHORIZED, State.CAPTURED)),
        *(({"state": state}, False) for state in (State.RELEASED, State.FAILED)),
        ({"purpose": "booking"}, False),
    ],
)
def test_an_extension_is_pending_until_it_is_paid_and_given_or_over(
    extension: Payment, elsewhere: Neighbor, changes: dict[str, Any], is_pending: bool
) -> None:
    set_to(extension, **changes)
    assert ledger.pending_extension(extension.owner_id) == (extension if is_pending else None)


@pytest.mark.parametrize("state", [State.AUTHORIZED, State.CAPTURED])
def test_an_extension_whose_time_is_given_is_not_pending(extension: Payment, now: datetime, state: State) -> None:
    set_to(extension, state=state, granted_at=now)
    assert ledger.pending_extension(extension.owner_id) is None


def test_choice_of_another_card_changes_no_other_payment(extension: Payment, elsewhere: Neighbor) -> None:
    ledger.use_another_card(extension)
    assert not facts(extension.id)["keep_card"]
    assert elsewhere.is_as_before()


def test_looking_again_happens_at_once(extension: Payment, elsewhere: Neighbor, now: datetime) -> None:
    ledger.sync_later(extension, now)
    assert jobs(extension) == [("payment.collect", now)]
    assert elsewhere.is_as_before()


@pytest.mark.parametrize("state", [State.AUTHORIZED, State.CAPTURED])
def test_the_time_of_one_paid_extension_is_given_and_of_no_other(
    extension: Payment, elsewhere: Neighbor, customer: User, now: datetime, state: State
) -> None:
    set_to(extension, state=state)
    same_owner = open_extension(customer, now, owner_id=extension.owner_id)
    others = [neighbor(set_to(payment, state=state)) for payment in (same_owner, elsewhere.payment)]
    given = ledger.grant(owner_id=extension.owner_id, payment_id=extension.id, now=now)
    assert (given, facts(extension.id)["granted_at"]) == (extension, now)
    assert all(other.is_as_before() for other in others)


def test_another_owner_is_not_given_the_time(extension: Payment, now: datetime) -> None:
    set_to(extension, state=State.AUTHORIZED)
    assert ledger.grant(owner_id=uuid4(), payment_id=extension.id, now=now) is None
    assert facts(extension.id)["granted_at"] is None


def test_canceling_an_extension_leaves_the_others(extension: Payment, elsewhere: Neighbor, now: datetime) -> None:
    Job.objects.all().delete()
    assert ledger.cancel_payment(extension, now)
    assert facts(extension.id)["due_cents"] == 0
    assert jobs(extension) == [("payment.close", now)]
    assert elsewhere.is_as_before()


@pytest.mark.parametrize("changes", [{"state": State.AUTHORIZED}, {"state": State.CAPTURED}, {"due_cents": 0}])
def test_a_paid_or_canceled_payment_is_not_canceled(extension: Payment, now: datetime, changes: dict[str, Any]) -> None:
    as_it_is = neighbor(set_to(extension, **changes))
    assert not ledger.cancel_payment(extension, now)
    assert as_it_is.is_as_before()


@pytest.mark.parametrize(
    ("state", "cents", "due", "follows"),
    [
        (State.CREATED, 0, 0, "payment.close"),
        (State.CREATED, EXTENSION_CENTS, 0, "payment.close"),
        (State.AUTHORIZED, EXTENSION_CENTS, EXTENSION_CENTS, "payment.capture"),
        (State.AUTHORIZED, 50, 50, "payment.capture"),
        (State.AUTHORIZED, 49, 49, "payment.release"),  # less than a card can be charged
        (State.AUTHORIZED, 0, 0, "payment.release"),
        (State.CAPTURED, EXTENSION_CENTS, None, "payment.earned payment.settled"),
        (State.RELEASED, EXTENSION_CENTS, EXTENSION_CENTS, "payment.settled"),
        (State.FAILED, EXTENSION_CENTS, None, ""),
    ],
)
def test_a_decision_schedules_capture_or_release(
    extension: Payment, elsewhere: Neighbor, now: datetime, state: State, cents: int, due: int | None, follows: str
) -> None:
    neighbor(set_to(extension, state=state))
    ledger.finish(owner_id=extension.owner_id, due=lambda _: {extension.id: cents}, now=now)
    assert facts(extension.id)["due_cents"] == due
    assert jobs(extension) == [(kind, now) for kind in follows.split()]
    assert elsewhere.is_as_before()


def test_an_earned_charge_is_reported_with_its_owner(extension: Payment, now: datetime) -> None:
    set_to(extension, state=State.CAPTURED)
    ledger.finish(owner_id=extension.owner_id, due=lambda _: {extension.id: 0}, now=now)
    assert Job.objects.get(kind="payment.earned").payload == news_of(extension)


@pytest.mark.parametrize("state", [State.CREATED, State.AUTHORIZED, State.CAPTURED])
def test_the_first_decision_stands(extension: Payment, now: datetime, state: State) -> None:
    decided = neighbor(set_to(extension, state=state, due_cents=100))
    ledger.finish(owner_id=extension.owner_id, due=lambda _: {extension.id: 200}, now=now)
    assert decided.is_as_before()


def test_all_payments_of_the_owner_are_decided_together(
    extension: Payment, elsewhere: Neighbor, book: Book, now: datetime
) -> None:
    booking = book(owner_id=extension.owner_id)
    for payment in (booking, extension):
        set_to(payment, state=State.AUTHORIZED)

    def due(payments: list[Payment]) -> dict[UUID, int]:
        assert {payment.id for payment in payments} == {booking.id, extension.id}
        return {booking.id: 100, extension.id: 200}

    ledger.finish(owner_id=extension.owner_id, due=due, now=now)
    assert [facts(payment.id)["due_cents"] for payment in (booking, extension)] == [100, 200]
    assert elsewhere.is_as_before()
