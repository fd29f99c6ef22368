"""One count for everybody, in the database and in the memory of a process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from autodoctor.core.errors import TooFast
from autodoctor.rates import counting, jobs
from autodoctor.rates.in_process import MOST_KEPT, Counts
from autodoctor.rates.limits import EVERY_LIMIT, Limit, limits_problem
from autodoctor.rates.models import Count
from autodoctor.scheduler.models import Job

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
THREE = Limit("three", 3, 10)
ACROSS = pytest.mark.django_db(transaction=True)


def allowed(times: int, after: float = 0, who: str = "person:1", limit: Limit = THREE) -> int:
    now = NOW + timedelta(seconds=after)
    return sum(counting.allows(limit, who, now) for _ in range(times))


@pytest.mark.django_db
def test_a_limit_allows_its_burst_and_then_one_use_per_interval() -> None:
    assert allowed(5) == 3
    assert allowed(1, after=9.9) == 0
    assert allowed(2, after=10) == 1
    assert allowed(9, after=60) == 3


@pytest.mark.django_db
def test_a_use_refused_by_a_limit_costs_nothing_and_says_how_long_to_wait() -> None:
    allowed(3)
    for _ in range(20):
        with pytest.raises(TooFast) as refused:
            counting.take(THREE, "person:1", NOW + timedelta(seconds=2.5))
    assert refused.value.seconds == 8
    assert refused.value.detail == "This was too fast. Wait 8 seconds and try again."
    assert allowed(1, after=10) == 1


@pytest.mark.django_db
def test_each_person_and_each_limit_is_counted_alone() -> None:
    assert (allowed(4), allowed(4, who="person:2"), allowed(4, limit=Limit("other", 1, 1))) == (3, 3, 1)


@pytest.mark.django_db
def test_the_environment_changes_single_limits(settings: Settings) -> None:
    settings.LIMITS = {"three": [1, 5]}
    assert (allowed(3), allowed(3, after=5)) == (1, 1)


@ACROSS
def test_uses_at_the_same_moment_are_all_counted() -> None:
    def use(_number: int) -> bool:
        try:
            return counting.allows(Limit("many", 10, 60), "person:1", NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(use, range(40))) == 10


@pytest.mark.django_db
def test_counts_of_limits_are_deleted_once_they_are_full_again() -> None:
    allowed(1)
    allowed(3, who="person:2")
    jobs.prune(Job(kind="rates.prune", key=""), NOW + timedelta(seconds=10))
    assert [count.key for count in Count.objects.all()] == ["three:person:2"]


@pytest.mark.postgres  # SQLite has one writer at a time: nothing can be in use
@ACROSS
def test_a_count_that_is_in_use_is_left_for_the_next_time() -> None:
    for who in ("person:1", "person:2"):
        allowed(1, who=who)

    def prune() -> None:
        try:
            with transaction.atomic():
                jobs.prune(Job(kind="rates.prune", key=""), NOW + timedelta(minutes=1))
        finally:
            connections.close_all()

    with transaction.atomic(), ThreadPoolExecutor(1) as threads:
        list(Count.objects.select_for_update().filter(key="three:person:2"))
        threads.submit(prune).result(timeout=20)
    assert [count.key for count in Count.objects.all()] == ["three:person:2"]


@pytest.mark.django_db
def test_counts_of_many_other_people_do_not_reset_a_persons_count() -> None:
    allowed(3)
    Count.objects.bulk_create(Count(key=f"three:person:x{number}", full_at=NOW.timestamp()) for number in range(2_000))
    assert allowed(1) == 0


def test_a_limit_allows_nothing_while_the_database_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_answer() -> None:
        raise OperationalError("down")

    monkeypatch.setattr(connection, "cursor", no_answer)
    with pytest.raises(OperationalError):
        counting.allows(THREE, "person:1", NOW)


@given(st.lists(st.floats(0, 40), max_size=30))
def test_uses_at_any_pace_stay_within_the_limit(pauses: list[float]) -> None:
    counts, at, uses = Counts(), 0.0, 0
    for pause in pauses:
        at += pause
        uses += counts.allows(THREE, at)
    assert uses <= 3 + at / 10 + 0.001


def test_a_process_forgets_counts_in_memory_that_are_full_again() -> None:
    counts = Counts()
    for number in range(MOST_KEPT + 1):
        counts.allows(THREE, float(number), f"person:{number}")
    assert len(counts._full_at) < 20
    assert [counts.allows(THREE, MOST_KEPT, "me") for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, ""),
        ({"changes": [1, 0.5], "help": [5, 12]}, ""),
        ({"chances": [1, 1]}, "names no limit of ours: chances"),
        ([], "is not a JSON object"),
        ({"changes": 5}, "is not a JSON object"),
        ({"changes": [0, 1]}, "is not a JSON object"),
        ({"changes": [1, 0]}, "is not a JSON object"),
        ({"changes": ["1", 1]}, "is not a JSON object"),
    ],
)
def test_an_invalid_limit_in_the_environment_is_refused(given: Any, said: str, settings: Settings) -> None:
    settings.LIMITS = given
    assert (said in limits_problem()) if said else not limits_problem()


def test_names_of_limits_fit_their_key() -> None:
    assert all(len(counting.key_of(limit, "m" * 64)) <= 120 for limit in EVERY_LIMIT.values())
