"""A lane: a few threads that run one sort of job, and one thread that claims for them."""

import heapq
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from autodoctor.scheduler import leases
from autodoctor.scheduler.execution import run
from autodoctor.scheduler.models import Job

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# Claims are at least this far apart: under load one statement then takes many rows.
GAP_SECONDS = 0.02
# What others of its process do is late when it is this far behind; what gives way to it does so for a while only.
LATE = timedelta(seconds=0.02)
GIVE_WAY_SECONDS = 1.0
NEVER = datetime.min.replace(tzinfo=UTC)


class WorkerPool:
    """Claims jobs a little ahead of their time, at most `room` at once, and runs each at its moment, never early.

    `ahead` must be longer than the poll, so that a known job is never late; zero claims only due jobs. `gives_way_to`:
    while that lane is late, this lane starts nothing, because both need the same CPU.
    """

    def __init__(
        self,
        *,
        external: bool,
        workers: int,
        room: int,
        ahead: timedelta,
        lease: timedelta,
        owner: str,
        gives_way_to: "WorkerPool | None" = None,
    ) -> None:
        self.external = external
        self.workers = workers
        self.capacity = room
        self.refill = room // 2 if ahead else 1  # a claim for one row costs as much as a claim for many
        self.ahead = ahead
        self.lease = lease
        self.owner = owner
        self.gives_way_to = gives_way_to
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._for_claimer = threading.Condition(self._lock)
        self._for_workers = threading.Condition(self._lock)
        self._waiting: list[tuple[datetime, int, Job]] = []
        self._running = 0
        self._claimed_until = NEVER
        self._woken = False
        self._more = False  # the last claim was cut off by lack of room
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        sort = "calls" if self.external else "deadlines"
        targets = [self._claim_for_ever] + [self._work_for_ever] * self.workers
        self._threads = [
            threading.Thread(target=_with_own_connection, args=(target,), name=f"clock-{sort}-{number}", daemon=True)
            for number, target in enumerate(targets)
        ]
        for thread in self._threads:
            thread.start()

    def wake(self, due_at: datetime) -> None:
        """Announce a committed job: claim at once, unless the next claim comes early enough."""
        with self._lock:
            if due_at <= self._claimed_until:
                self._woken = True
                self._for_claimer.notify()

    def is_late(self) -> bool:
        with self._lock:
            return bool(self._waiting) and self._waiting[0][0] < timezone.now() - LATE

    def stop(self) -> None:
        """Start nothing more; running jobs end, the others are given back. Returns at once: `join` waits."""
        self._stopping.set()
        with self._lock:
            self._for_claimer.notify_all()
            self._for_workers.notify_all()

    def join(self, until: float) -> None:
        """Wait for the threads, until that moment of `time.monotonic()`."""
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _claim_for_ever(self) -> None:
        outage = Outage()
        prepared = False
        while not self._stopping.is_set():
            try:
                if not prepared:
                    leases.expire_leases_of_the_dead(external=self.external)
                    leases.ensure_recurring(external=self.external)
                    prepared = True
                self._claim()
                outage.over()
            except Exception as error:
                self._stopping.wait(outage.pause(error))
            else:
                self._wait_for_reason()
        self._give_back()

    def _claim(self) -> None:
        with self._lock:
            room = self._room()
            if not room:
                self._more = True
                return
            until = timezone.now() + self.ahead
            # Before the statement: what commits while it runs, unseen by it, must wake us again.
            self._claimed_until, self._woken = until, False
        jobs = leases.claim(self.owner, external=self.external, until=until, limit=room, lease=self.lease)
        with self._lock:
            self._more = len(jobs) == room
            for job in jobs:
                heapq.heappush(self._waiting, (job.run_at, job.pk, job))
            self._for_workers.notify_all()

    def _wait_for_reason(self) -> None:
        self._stopping.wait(GAP_SECONDS)
        with self._lock:
            self._for_claimer.wait_for(self._has_reason, POLL_SECONDS - GAP_SECONDS)

    def _has_reason(self) -> bool:
        room = self._room()
        return self._stopping.is_set() or (self._woken and room > 0) or (self._more and room >= self.refill)

    def _room(self) -> int:
        return self.capacity - len(self._waiting) - self._running

    def _give_back(self) -> None:
        with self._lock:
            jobs = [job for _, _, job in self._waiting]
            self._waiting.clear()
        with suppress(Exception):  # no database, no matter: the leases end by themselves
            leases.give_back(jobs)

    def _work_for_ever(self) -> None:
        outage = Outage()
        while job := self._next():
            try:
                self._give_way()
                run(job, timezone.now())
                outage.over()
            except Exception as error:
                self._put_back(job)
                self._stopping.wait(outage.pause(error))
            finally:
                self._done()

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
                    self._running += 1
                    return heapq.heappop(self._waiting)[2]
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

    def _done(self) -> None:
        with self._lock:
            self._running -= 1
            if self._has_reason():
                self._for_claimer.notify()


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


def _with_own_connection(target: Callable[[], None]) -> None:
    """Use a connection outside the pool, so that deadlines fire even if requests have exhausted the pool."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    options = {name: value for name, value in wrapper.settings_dict["OPTIONS"].items() if name != "pool"}
    wrapper.settings_dict = {**wrapper.settings_dict, "OPTIONS": options, "CONN_MAX_AGE": None}
    try:
        target()
    finally:
        _close_connection()


def _close_connection() -> None:
    with suppress(Exception):
        connections[DEFAULT_DB_ALIAS].close()
