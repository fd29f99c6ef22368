"""Calls give way to deadlines, which need the same interpreter."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from autodoctor.scheduler import leases, worker_pool
from autodoctor.scheduler.lanes import Lane, limits_of
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.scheduler.tests.work import Work
from autodoctor.scheduler.waiting_jobs import Next
from autodoctor.scheduler.worker_pool import WorkerPool

pytestmark = pytest.mark.django_db(transaction=True)


def pool(lane: Lane, gives_way_to: WorkerPool | None = None) -> WorkerPool:
    return WorkerPool(lane, limits_of(lane), owner=leases.new_owner(), gives_way_to=gives_way_to)


def two_lanes() -> tuple[WorkerPool, WorkerPool]:
    """Of deadlines, and of calls that give way to them."""

    deadlines = pool(Lane.DEADLINES)
    return deadlines, pool(Lane.STRIPE, gives_way_to=deadlines)


def test_calls_give_way_while_deadlines_are_late(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0)
            if len(pauses) == 3:
                deadlines._next()  # the loop takes the job
            return False

    monkeypatch.setattr(worker_pool, "GIVE_WAY_SECONDS", 3600.0)
    deadlines, calls = two_lanes()
    calls._stopping = Stopping()
    calls._give_way()
    assert pauses == []
    schedule(Work.NOTE, "1", timezone.now() - timedelta(seconds=1))
    deadlines.claim()
    assert deadlines.is_pressed()
    calls._give_way()
    assert pauses == [worker_pool.GAP_SECONDS] * 3


def test_calls_give_way_while_a_batch_of_deadlines_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    class Stopping(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0)
            deadlines._done(batch)
            return False

    deadlines, calls = two_lanes()
    batch = Next([Job(kind="work", key=str(number)) for number in range(2)], are_together=True)
    deadlines._begin(batch)
    calls._stopping = Stopping()
    calls._give_way()
    assert pauses == [worker_pool.GAP_SECONDS]
    calls._give_way()
    assert pauses == [worker_pool.GAP_SECONDS]


def test_calls_give_way_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "GIVE_WAY_SECONDS", 0.05)
    deadlines, calls = two_lanes()
    schedule(Work.NOTE, "1", timezone.now() - timedelta(seconds=1))
    deadlines.claim()
    calls._give_way()
    assert deadlines.is_pressed()
