"""The wait estimate: from recent requests, and none without them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.wait_estimate import FEWEST, MOST, Estimate, estimate_wait
from autodoctor.sessions.tests.story import NOON

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

NOW = NOON
pytestmark = pytest.mark.django_db


def waited(customer: "User", minutes: float, *, at: datetime, why: str = "", state: str = "completed") -> Session:
    """A request that was accepted after so many minutes, or ended in vain after them."""
    after = at + timedelta(minutes=minutes)
    return Session.objects.create(
        kind="chat",
        state=state,
        customer=customer,
        plan_slug="chat",
        plan_name="Quick Chat",
        price_cents=999,
        granted_seconds=1800,
        concern="It rattles",
        waiver_at=at,
        created_at=at,
        state_at=at,
        payable_until=at,
        requested_at=at,
        accepted_at=None if why else after,
        ended_at=after if why else None,
        end_reason=why,
    )


def some(customer: "User", *minutes: float, before: timedelta = timedelta(hours=1)) -> None:
    for each in minutes:
        waited(customer, each, at=NOW - before)


def test_the_wait_estimate_is_the_middle_half_of_recent_waits(customer: "User") -> None:
    some(customer, 1, 1, 2, 2, 3, 4, 5, 5, 9)
    assert estimate_wait(NOW) == Estimate(low=2, median=3, high=5, count=9)


def test_there_is_no_wait_estimate_from_too_few_waits(customer: "User") -> None:
    some(customer, *[2] * (FEWEST - 1))
    assert estimate_wait(NOW) is None
    some(customer, 2)
    assert estimate_wait(NOW) == Estimate(2, 2, 2, FEWEST)


def test_waits_at_another_time_of_day_or_too_long_ago_do_not_count(customer: "User") -> None:
    some(customer, *[2] * FEWEST, before=timedelta(hours=9))
    some(customer, *[2] * FEWEST, before=timedelta(days=8))
    assert estimate_wait(NOW) is None
    some(customer, *[4] * FEWEST, before=timedelta(days=3, hours=-1))
    assert estimate_wait(NOW) == Estimate(4, 4, 4, FEWEST)


def test_requests_that_expired_count_in_the_wait_estimate(customer: "User") -> None:
    some(customer, *[2] * 4)
    for _ in range(4):
        waited(customer, 20, at=NOW - timedelta(hours=1), why="unattended", state="expired")
    found = estimate_wait(NOW)
    assert found is not None
    assert (found.low, found.high) == (2, 20)


def test_a_released_request_that_waits_again_does_not_count(customer: "User") -> None:
    some(customer, *[2] * (FEWEST - 1))
    waited(customer, 1, at=NOW - timedelta(hours=1), state="requested")
    assert estimate_wait(NOW) is None


def test_the_wait_estimate_rounds_up_to_minutes_and_counts_only_the_latest_waits(customer: "User") -> None:
    some(customer, *[30] * 10, before=timedelta(hours=2))
    some(customer, *[0.2] * MOST, before=timedelta(minutes=30))
    assert estimate_wait(NOW) == Estimate(1, 1, 1, MOST)


def test_the_wait_estimate_takes_one_query_by_an_index(customer: "User") -> None:
    some(customer, *[2] * FEWEST)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        estimate_wait(NOW)
    assert len(queries) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + queries[0]["sql"])
            assert "session_by_request" in str(cursor.fetchall())


def test_private_requests_are_not_in_the_estimate_and_opened_ones_count_from_then_on(customer: "User") -> None:
    some(customer, *[4] * FEWEST)
    at = NOW - timedelta(hours=1)
    for _ in range(FEWEST):
        kept = waited(customer, 29, at=at)
        Session.objects.filter(pk=kept.pk).update(private_until=at + timedelta(minutes=30))
        opened = waited(customer, 24, at=at)
        Session.objects.filter(pk=opened.pk).update(opened_at=at + timedelta(minutes=20))
    assert estimate_wait(NOW) == Estimate(4, 4, 4, 2 * FEWEST)
