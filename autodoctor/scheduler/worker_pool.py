"""The workers of one lane: a few threads that run its jobs, and what is claimed for them."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.utils import timezone

from autodoctor.core.database_ways import WRITES_FIRST, lead_outside_the_pool
from autodoctor.scheduler import lane_watch, leases
from autodoctor.scheduler.execution import Outcome, run, run_together
from autodoctor.scheduler.lanes import Lane, Limits
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.waiting_jobs import TOGETHER, Next, WaitingJobs

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# Claims are at least this far apart: under load one statement then takes many rows.
GAP_SECONDS = 0.02
# Longer than the poll, by what a claim may take: a known deadline is never late.
AHEAD = timedelta(seconds=1.25)
AHEAD_ROOM = 4 * TOGETHER
# What others of its process do is late when it is this far behind; what gives way to it does so for a while only.
LATE = timedelta(seconds=0.02)
GIVE_WAY_SECONDS = 1.0
# What becomes due beside a batch waits for the next one, unless it fills one or the batch takes so long.
BATCH_SECONDS = 0.25
NEVER = datetime.min.replace(tzinfo=UTC)


class WorkerPool:
    """Runs the jobs of a lane, each at its moment, never early. The `Claimer` calls `claim`, for all lanes.

    Deadlines are claimed a little ahead of their time, jobs of other lanes when they are due and a worker is free.
    `gives_way_to`: while that lane is pressed, this lane starts nothing, because both need the same CPU.
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
        self._waiting = WaitingJobs()
        self._running: list[tuple[float, Job]] = []  # since when, and what
        self._batches: list[float] = []  # since when they run
        self._claimed_until = NEVER
        self._woken = False
        self._more = False  # the last claim was cut off by lack of room
        self._next_note = 0.0

    def threads(self) -> list[threading.Thread]:
        """Return the workers, not started yet."""
        name = f"clock-{self.lane.value}-"
        names = [name + str(number) for number in range(self.limits.workers)]
        return [own_thread(self._work_for_ever, each, first=self.lane.in_transaction) for each in names]

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

    def is_pressed(self) -> bool:
        """Return whether the lane runs a batch, or what waits is late."""
        with self._lock:
            first_at = self._waiting.first_at()
            return bool(self._batches) or (first_at is not None and first_at < timezone.now() - LATE)

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
                self._waiting.add(job)
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
            jobs = list(self._waiting)
            self._waiting.clear()
        _give_back(jobs)

    def give_back_running(self) -> None:
        """Give back what still runs although the process ends: another one need not wait for the lease to end.

        The claim is gone with it: whatever this run still says is ignored. With it goes what a batch has left.
        """
        self.give_back()
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
        while following := self._next():
            try:
                self._give_way()
                if self._run(following):
                    self._note_success()
                outage.over()
            except Exception as error:
                self._put_back(following)
                self._stopping.wait(outage.pause(error))
            finally:
                self._done(following)

    def _run(self, following: Next) -> bool:
        """Return whether any of them was done."""
        if not following.are_together:
            return run(following.jobs[0], timezone.now()) is Outcome.DONE
        ended = run_together(following.jobs, timezone.now())
        with self._lock:
            for job in ended.left:
                self._waiting.add(job, alone=True)
        return bool(ended.done)

    def _note_success(self) -> None:
        if time.monotonic() >= self._next_note:
            self._next_note = time.monotonic() + lane_watch.NOTED_EVERY_SECONDS
            with suppress(DatabaseError):  # the job is done, whatever becomes of the note
                lane_watch.note_success(self.lane, timezone.now())

    def _give_way(self) -> None:
        first = self.gives_way_to
        until = time.monotonic() + GIVE_WAY_SECONDS
        while first and first.is_pressed() and time.monotonic() < until:
            self._stopping.wait(GAP_SECONDS)

    def _next(self) -> Next | None:
        """Return the earliest work at its moment; None when the lane stops."""
        with self._lock:
            while not self._stopping.is_set():
                now = timezone.now()
                may_batch = self._may_batch(now)
                if following := self._waiting.take(now, batch=may_batch):
                    self._begin(following)
                    return following
                self._for_workers.wait(self._until_next(now, may_batch=may_batch))
        return None

    def _may_batch(self, now: datetime) -> bool:
        """Return whether a batch may begin: each costs as much as many jobs do, so they run one after the other."""
        if not self._batches or time.monotonic() - max(self._batches) > BATCH_SECONDS:
            return True
        return self._waiting.is_batch_full(now)

    def _begin(self, following: Next) -> None:
        began = time.monotonic()
        self._running += [(began, job) for job in following.jobs]
        if following.are_together:
            self._batches.append(began)

    def _until_next(self, now: datetime, *, may_batch: bool) -> float | None:
        """Return the seconds to wait, at most the poll, because the machine's clock may change."""
        first_at = self._waiting.first_at(batch=may_batch)
        longest = POLL_SECONDS if may_batch else BATCH_SECONDS
        if first_at is None:
            return None if may_batch else longest
        return min((first_at - now).total_seconds(), longest)

    def _put_back(self, following: Next) -> None:
        """The database did not answer, the jobs are not to blame: run them again while their leases last."""
        with self._lock:
            for job in following.jobs:
                self._waiting.add(job, alone=not following.are_together)

    def _done(self, following: Next) -> None:
        done = {id(job) for job in following.jobs}
        with self._lock:
            if following.are_together:
                began = next(began for began, job in self._running if id(job) in done)
                self._batches.remove(began)
                self._for_workers.notify_all()
            self._running = [one for one in self._running if id(one[1]) not in done]
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


def own_thread(target: Callable[[], None], name: str, *, first: bool = False) -> threading.Thread:
    """Return a thread with a connection outside the pool, so that deadlines fire even if requests exhaust the pool.

    `first`: its transactions go before those of others, where one at a time may write.
    """
    return threading.Thread(target=_with_own_connection, args=(target, first), name=name, daemon=True)


def _with_own_connection(target: Callable[[], None], first: bool) -> None:
    lead_outside_the_pool({**settings.CLOCK_DATABASE, WRITES_FIRST: first})
    try:
        target()
    finally:
        _close_connection()


def _close_connection() -> None:
    with suppress(Exception):
        connections[DEFAULT_DB_ALIAS].close()
