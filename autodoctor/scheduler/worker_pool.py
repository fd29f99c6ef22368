"""The workers of one lane: a few threads that run its jobs, and what is claimed for them."""

import heapq
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from autodoctor.core.database_ways import lead_outside_the_pool
from autodoctor.scheduler import lane_watch, leases
from autodoctor.scheduler.execution import Outcome, run
from autodoctor.scheduler.lanes import Lane, Limits
from autodoctor.scheduler.models import Job

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# Claims are at least this far apart: under load one statement then takes many rows.
GAP_SECONDS = 0.02
# Longer than the poll, by what a claim may take: a known deadline is never late.
AHEAD = timedelta(seconds=1.25)
AHEAD_ROOM = 100
# What others of its process do is late when it is this far behind; what gives way to it does so for a while only.
LATE = timedelta(seconds=0.02)
GIVE_WAY_SECONDS = 1.0
NEVER = datetime.min.replace(tzinfo=UTC)


class WorkerPool:
    """Runs the jobs of a lane, each at its moment, never early. The `Claimer` calls `claim`, for all lanes.

    Deadlines are claimed a little ahead of their time, jobs of other lanes when they are due and a worker is free.
    `gives_way_to`: while that lane is late, this lane starts nothing, because both need the same CPU.
    """

    def __init__(self, lane: Lane, limits: Limits, *, owner: str, gives_way_to: "WorkerPool | None" = None) -> None:
        self.lane = lane
        self.limits = limits
        self.owner = owner
        self.gives_way_to = gives_way_to
        self.ahead = AHEAD if lane.in_transaction else timedelta(0)
        self.capacity = AHEAD_ROOM if self.ahead else limits.workers
        self.refill = self.capacity // 2 if self.ahead else 1  # a claim for one row costs as much as one for many
        self.has_reason_again: Callable[[], None] = lambda: None  # tells the claiming thread
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._for_workers = threading.Condition(self._lock)
        self._waiting: list[tuple[datetime, int, Job]] = []
        self._running: list[tuple[float, Job]] = []  # since when, and what
        self._claimed_until = NEVER
        self._woken = False
        self._more = False  # the last claim was cut off by lack of room
        self._next_note = 0.0

    def threads(self) -> list[threading.Thread]:
        """Return the workers, not started yet."""
        name = f"clock-{self.lane.value}-"
        return [own_thread(self._work_for_ever, name + str(number)) for number in range(self.limits.workers)]

    def wake(self, due_at: datetime) -> None:
        """Announce a committed job: claim at once, unless the next claim comes early enough."""
        with self._lock:
            if due_at > self._claimed_until:
                return
            self._woken = True
        self.has_reason_again()

    def has_reason(self) -> bool:
        """Return whether a claim before the next poll would find something, and find room."""
        with self._lock:
            return self._has_reason()

    def is_late(self) -> bool:
        with self._lock:
            return bool(self._waiting) and self._waiting[0][0] < timezone.now() - LATE

    def claim(self) -> None:
        with self._lock:
            room = self._room()
            if not room:
                self._more = True
                return
            until = timezone.now() + self.ahead
            # Before the statement: what commits while it runs, unseen by it, must wake us again.
            self._claimed_until, self._woken = until, False
        jobs = leases.claim(self.owner, lane=self.lane, until=until, limit=room, lease=self.limits.lease)
        with self._lock:
            self._more = len(jobs) == room
            for job in jobs:
                heapq.heappush(self._waiting, (job.run_at, job.pk, job))
            self._for_workers.notify_all()

    def renew(self) -> None:
        """Keep what runs, unless it runs for so long that it may hang. What waits here is not kept from others."""
        since = time.monotonic() - self.limits.longest.total_seconds()
        with self._lock:
            running = [job for began, job in self._running if began > since]
        leases.renew(running, lease=self.limits.lease)

    def stop(self) -> None:
        """Start nothing more. Running jobs end; returns at once."""
        self._stopping.set()
        with self._lock:
            self._for_workers.notify_all()

    def give_back(self) -> None:
        with self._lock:
            jobs = [job for _, _, job in self._waiting]
            self._waiting.clear()
        _give_back(jobs)

    def give_back_running(self) -> None:
        """Give back what still runs although the process ends: another one need not wait for the lease to end.

        The claim is gone with it: whatever this run still says is ignored.
        """
        with self._lock:
            jobs = [job for _, job in self._running]
        _give_back(jobs)

    def _has_reason(self) -> bool:
        room = self._room()
        return (self._woken and room > 0) or (self._more and room >= self.refill)

    def _room(self) -> int:
        return self.capacity - len(self._waiting) - len(self._running)

    def _work_for_ever(self) -> None:
        outage = Outage()
        while job := self._next():
            try:
                self._give_way()
                outcome = run(job, timezone.now())
                outage.over()
                if outcome is Outcome.DONE:
                    self._note_success()
            except Exception as error:
                self._put_back(job)
                self._stopping.wait(outage.pause(error))
            finally:
                self._done(job)

    def _note_success(self) -> None:
        if time.monotonic() >= self._next_note:
            self._next_note = time.monotonic() + lane_watch.NOTED_EVERY_SECONDS
            with suppress(DatabaseError):  # the job is done, whatever becomes of the note
                lane_watch.note_success(self.lane, timezone.now())

    def _give_way(self) -> None:
        first = self.gives_way_to
        until = time.monotonic() + GIVE_WAY_SECONDS
        while first and first.is_late() and time.monotonic() < until:
            self._stopping.wait(GAP_SECONDS)

    def _next(self) -> Job | None:
        """Return the earliest job at its moment; None when the lane stops."""
        with self._lock:
            while not self._stopping.is_set():
                pause = self._until_next()
                if pause is not None and pause <= 0:
                    job = heapq.heappop(self._waiting)[2]
                    self._running.append((time.monotonic(), job))
                    return job
                self._for_workers.wait(pause)
        return None

    def _until_next(self) -> float | None:
        """Return the seconds to wait, at most the poll, because the machine's clock may change. Drops expired
        leases.
        """
        now = timezone.now()
        while self._waiting:
            run_at, _, job = self._waiting[0]
            if job.leased_until is None or job.leased_until > now:
                return min((run_at - now).total_seconds(), POLL_SECONDS)
            heapq.heappop(self._waiting)
        return None

    def _put_back(self, job: Job) -> None:
        """The database did not answer, the job is not to blame: run it again while the lease lasts."""
        with self._lock:
            heapq.heappush(self._waiting, (job.run_at, job.pk, job))

    def _done(self, job: Job) -> None:
        with self._lock:
            self._running = [one for one in self._running if one[1] is not job]
            if not self._has_reason():
                return
        self.has_reason_again()


class Outage:
    """How long to wait for a database that does not answer: 0.1 s, doubling, at most 2 s."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def pause(self, error: Exception) -> float:
        """Return the seconds to wait. The connection is dropped, so that the next use opens a new one."""
        self._seconds = min(self._seconds * 2 or 0.1, 2.0)
        logger.warning("no answer from the database (%s), again in %.1f s", type(error).__qualname__, self._seconds)
        _close_connection()
        return self._seconds

    def over(self) -> None:
        self._seconds = 0.0


def _give_back(jobs: list[Job]) -> None:
    if jobs:
        with suppress(Exception):  # no database, no matter: the leases end by themselves
            leases.give_back(jobs)


def own_thread(target: Callable[[], None], name: str) -> threading.Thread:
    """Return a thread with a connection outside the pool, so that deadlines fire even if requests exhaust the pool."""
    return threading.Thread(target=_with_own_connection, args=(target,), name=name, daemon=True)


def _with_own_connection(target: Callable[[], None]) -> None:
    lead_outside_the_pool(settings.CLOCK_DATABASE)
    try:
        target()
    finally:
        _close_connection()


def _close_connection() -> None:
    with suppress(Exception):
        connections[DEFAULT_DB_ALIAS].close()
