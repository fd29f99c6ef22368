"""The scheduler of one process, and the same work on demand."""

import time
from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import groupby

from autodoctor.core.threads import give_way_sooner
from autodoctor.scheduler import leases, queue
from autodoctor.scheduler.claimer import Claimer
from autodoctor.scheduler.execution import Outcome, run, run_together
from autodoctor.scheduler.lanes import Lane, Limits, limits_of
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.signals import started, stopped
from autodoctor.scheduler.worker_pool import WorkerPool

BATCH = 20
STOP_SECONDS = 30.0  # enough for a call to Stripe with its retries


class Scheduler:
    """Runs due jobs on its own threads, from `start` to `stop`. Any number of processes may have one.

    Each lane has its own workers, so that a service that hangs delays neither a deadline nor another service.
    `limits` replaces those of single lanes. Lanes that are not among `lanes` are left to other processes.
    """

    def __init__(self, limits: Mapping[Lane, Limits] | None = None, *, lanes: Collection[Lane] = tuple(Lane)) -> None:
        self._owner = leases.new_owner()
        self._limits = {lane: limits_of(lane) for lane in Lane} | dict(limits or {})
        deadlines = self._pool(Lane.DEADLINES) if Lane.DEADLINES in lanes else None
        others = [self._pool(lane, gives_way_to=deadlines) for lane in lanes if lane is not Lane.DEADLINES]
        self._lanes = {pool.lane: pool for pool in (deadlines, *others) if pool}
        self._claimer = Claimer(list(self._lanes.values()))
        self._threads = [self._claimer.thread()]

    def _pool(self, lane: Lane, gives_way_to: WorkerPool | None = None) -> WorkerPool:
        return WorkerPool(lane, self._limits[lane], owner=self._owner, gives_way_to=gives_way_to)

    def start(self) -> None:
        """Start the threads and return at once; the first claim follows within milliseconds."""
        give_way_sooner()
        queue.wake_listeners.append(self.wake)
        self._threads += [thread for pool in self._lanes.values() for thread in pool.threads()]
        for thread in self._threads:
            thread.start()
        started.send(Scheduler)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Give back at once what has not begun, and after so many seconds what still runs. Blocks until then."""
        stopped.send(Scheduler)
        queue.wake_listeners.remove(self.wake)
        until = time.monotonic() + seconds
        self._claimer.stop()
        for pool in self._lanes.values():
            pool.stop()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for pool in self._lanes.values():
            pool.give_back_running()
        leases.retire(self._owner)

    def wake(self, due_at: datetime, lane: Lane) -> None:
        """Announce a job that was committed, here or (through a bus) in another process."""
        if pool := self._lanes.get(lane):
            pool.wake(due_at)


def run_due(now: datetime, *, lanes: Collection[Lane] = tuple(Lane)) -> int:
    """Run all jobs that are due at `now`, and those that they make due, in this thread. Returns how many were run.

    Jobs of other `lanes` are left to the loop.
    """
    owner = leases.new_owner()
    done = 0
    try:
        while jobs := [job for lane in _due(now, lanes) for job in _claim(owner, now, lane)]:
            done += sum(_run(list(of_a_kind), now) for _, of_a_kind in groupby(jobs, lambda job: job.kind))
    finally:
        leases.retire(owner)
    return done


def _run(jobs: list[Job], now: datetime) -> int:
    """Run jobs of one kind; returns how many were done."""
    ended = run_together(jobs, now)
    return ended.done + sum(run(job, now) is Outcome.DONE for job in ended.left)


def _due(now: datetime, lanes: Collection[Lane]) -> list[Lane]:
    """Return those with a due job: to ask costs one query, each claim is a transaction."""
    due = leases.lanes_due(now)
    return [lane for lane in lanes if lane in due]


def _claim(owner: str, now: datetime, lane: Lane) -> list[Job]:
    return leases.claim(owner, lane=lane, until=now, limit=BATCH, lease=limits_of(lane).lease)
