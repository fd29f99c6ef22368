"""The table of what is charged, as arithmetic."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodoctor.payments.models import Payment
from autodoctor.sessions import settlement
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import NOON


def parts(*bought: tuple[int, int]) -> list[Payment]:
    """Booking first, then extensions: (cents, seconds) each."""
    return [
        Payment(
            id=uuid4(),
            purpose="extension" if number else "booking",
            amount_cents=cents,
            seconds=seconds,
            created_at=NOON + timedelta(minutes=number),
            granted_at=NOON + timedelta(minutes=number) if number else None,
        )
        for number, (cents, seconds) in enumerate(bought)
    ]


def ended(reason: str, *, granted: int, used: int, solved: bool | None = None) -> Session:
    return Session(
        granted_seconds=granted,
        started_at=NOON,
        ends_at=NOON + timedelta(seconds=granted),
        ended_at=NOON + timedelta(seconds=used),
        end_reason=reason,
        solved=solved,
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("unpaid", [0, 0]),
        ("cancelled_by_customer", [0, 0]),
        ("unattended", [0, 0]),
        ("never_started", [0, 0]),
        ("cancelled_late", [499, 0]),
        ("customer_no_show", [499, 0]),
        ("time_up", [999, 1499]),
        ("ended_by_customer", [999, 1499]),
        ("customer_lost", [999, 1499]),
        ("mechanic_lost", [999, 499]),
        ("exceeded_3h_limit", [999, 499]),
    ],
)
def test_what_is_captured(reason: str, expected: list[int]) -> None:
    payments = parts((999, 1800), (1499, 900))
    due = settlement.due(ended(reason, granted=2700, used=2100), payments)
    assert due == {payment.id: cents for payment, cents in zip(payments, expected, strict=True)}


def test_the_question_keeps_it_open_and_the_answer_decides() -> None:
    payments = parts((1000, 1000))
    assert settlement.due(ended("ended_by_mechanic", granted=1000, used=250), payments) == {}
    for solved, cents in ((True, 1000), (False, 250)):
        session = ended("ended_by_mechanic", granted=1000, used=250, solved=solved)
        assert settlement.due(session, payments) == {payments[0].id: cents}


def test_a_pause_is_not_used_time() -> None:
    session = ended("mechanic_lost", granted=1800, used=900)
    session.paused_at = NOON + timedelta(seconds=600)
    assert settlement.used_seconds(session) == 600


@given(
    bought=st.lists(st.tuples(st.integers(1, 50_000), st.integers(1, 20_000)), min_size=1, max_size=5),
    used=st.integers(0, 120_000),
)
def test_a_used_share_is_never_more_than_was_held_and_all_of_it_when_all_was_used(
    bought: list[tuple[int, int]], used: int
) -> None:
    payments = parts(*bought)
    granted = sum(payment.seconds for payment in payments)
    due = settlement.due(ended("mechanic_lost", granted=granted, used=used), payments)
    assert due is not None
    assert all(0 <= due[payment.id] <= payment.amount_cents for payment in payments)
    if used >= granted:
        assert sum(due.values()) == sum(payment.amount_cents for payment in payments)
    if used == 0:
        assert sum(due.values()) == 0
