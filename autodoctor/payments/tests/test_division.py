"""Charges that several mechanics earn: no cent is lost, and none is made up."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodoctor.accounts.models import User
from autodoctor.payments import books, earnings
from autodoctor.payments.division import divide, round_together
from autodoctor.payments.models import Dispute, Earning, Payment, Refund
from tests.kit.examples import examples

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECONDS = st.lists(st.integers(0, 3 * 60 * 60), min_size=1, max_size=4)


@given(st.integers(0, 100_000), SECONDS)
def test_a_division_adds_up_and_no_part_is_off_by_a_cent(cents: int, weights: list[int]) -> None:
    parts, whole = divide(cents, weights), sum(weights)
    assert sum(parts) == cents
    for part, weight in zip(parts, weights, strict=True):
        assert not whole or abs(part * whole - cents * weight) < whole


@given(st.lists(st.integers(0, 1_000_000), max_size=5))
def test_rounding_together_takes_no_whole_cent_from_anybody(hundredths: list[int]) -> None:
    rounded = round_together(hundredths)
    assert sum(rounded) == sum(hundredths) // 100
    assert all(0 <= cents - part // 100 <= 1 for cents, part in zip(rounded, hundredths, strict=True))


def test_what_ran_with_nobody_is_the_last_ones() -> None:
    assert divide(999, [0, 0]) == [0, 999]
    assert divide(999, []) == []


@pytest.mark.on_postgres
@pytest.mark.django_db
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    charged=st.integers(2, 30_000),
    seconds=SECONDS,
    refunded=st.floats(0, 1),
    lost=st.booleans(),
)
def test_shares_of_a_charge_add_up_to_that_of_one_mechanic(
    charged: int, seconds: list[int], refunded: float, *, lost: bool
) -> None:
    """The database proves the bounds of each row, the books their sum."""
    with transaction.atomic():
        payment = _charge(charged)
        people = [User.objects.create_user(f"{uuid4()}@example.com", None, name="M") for _ in seconds]
        earners = [
            earnings.Earner(person, awaits_summary=False, seconds={payment.id: ran})
            for person, ran in zip(people, seconds, strict=True)
        ]
        earnings.learn(owner_id=payment.owner_id, earners=earners, completed_at=NOW, now=NOW)
        assert _sum() == charged * 70 // 100
        borne = _give_back(payment, int(charged * refunded), lost=lost)
        earnings.advance(payment_id=payment.id, now=NOW)
        assert _sum() == (charged - borne) * 70 // 100
        assert sum(Earning.objects.values_list("borne_cents", flat=True)) == borne
        assert books.unexplained() == []
        transaction.set_rollback(True)


def _charge(cents: int) -> Payment:
    payer = User.objects.create_user(f"{uuid4()}@example.com", None, name="C")
    return Payment.objects.create(
        owner_id=uuid4(), payer=payer, purpose="booking", amount_cents=cents, captured_cents=cents, currency="usd",
        seconds=1800, state="captured", created_at=NOW, description="Quick Chat",
    )  # fmt: skip


def _give_back(payment: Payment, cents: int, *, lost: bool) -> int:
    if cents and lost:
        Dispute.objects.create(
            payment=payment, stripe_id=str(uuid4()), amount_cents=cents, currency="usd", reason="r", status="lost",
            opened_at=NOW, closed_at=NOW, outcome="lost",
        )  # fmt: skip
    elif cents:
        Refund.objects.create(
            payment=payment, amount_cents=cents, reason="r", borne_by="mechanic", state="issued", created_at=NOW
        )
    return cents


def _sum() -> int:
    return sum(earning.share_cents for earning in Earning.objects.all())
