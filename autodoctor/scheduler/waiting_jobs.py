"""The claimed jobs of a lane that wait for their moment, and which of them run next."""

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from autodoctor.scheduler.handlers import handler_of
from autodoctor.scheduler.models import Job

TOGETHER = 50  # jobs in one transaction, which locks what they change until its end

Heap = list[tuple[datetime, int, Job]]


class Next(NamedTuple):
    """What a worker runs: jobs of one kind together, or one alone."""

    jobs: list[Job]
    are_together: bool


class WaitingJobs:
    """In the order of their moments. The caller locks."""

    def __init__(self) -> None:
        self._alone: Heap = []
        self._together: Heap = []

    def __len__(self) -> int:
        return len(self._alone) + len(self._together)

    def __iter__(self) -> Iterator[Job]:
        return (job for _, _, job in (*self._alone, *self._together))

    def add(self, job: Job, *, alone: bool = False) -> None:
        """`alone`: it could not run with others."""
        alone = alone or handler_of(job.kind).together is None
        heapq.heappush(self._alone if alone else self._together, (job.run_at, job.pk, job))

    def clear(self) -> None:
        self._alone.clear()
        self._together.clear()

    def first_at(self, *, batch: bool = True) -> datetime | None:
        """Return the earliest moment of all; without `batch` that of the jobs that run alone."""
        return min((heap[0][0] for heap in self._heaps(batch=batch) if heap), default=None)

    def take(self, now: datetime, *, batch: bool) -> Next | None:
        """Take out what runs now; None if nothing is due. Without `batch` only a job that runs alone."""
        self._drop_expired(now)
        due = [heap for heap in self._heaps(batch=batch) if heap and heap[0][0] <= now]
        if not due:
            return None
        heap = min(due, key=lambda heap: heap[0][0])
        are_together = heap is self._together
        return Next(self._batch(now) if are_together else [heapq.heappop(heap)[2]], are_together)

    def is_batch_full(self, now: datetime) -> bool:
        """Return whether so many are due that another batch is worth a thread of its own."""
        heap = self._together
        return len(heap) >= TOGETHER and sum(run_at <= now for run_at, _, _ in heap) >= TOGETHER

    def _heaps(self, *, batch: bool) -> tuple[Heap, ...]:
        return (self._alone, self._together) if batch else (self._alone,)

    def _batch(self, now: datetime) -> list[Job]:
        """Take the due jobs of the first one's kind, but none that overtakes other work about its session."""
        taken: list[Job] = []
        passed: Heap = []
        sessions = set()
        while self._together and self._together[0][0] <= now and len(taken) < TOGETHER:
            entry = heapq.heappop(self._together)
            job = entry[2]
            if job.kind == (taken[0].kind if taken else job.kind) and job.session_id not in sessions:
                taken.append(job)
            else:
                passed.append(entry)
                sessions.add(job.session_id)
            sessions.discard(None)
        for entry in passed:
            heapq.heappush(self._together, entry)
        return taken

    def _drop_expired(self, now: datetime) -> None:
        """A lease that ended while the job waited: another may have it by now."""
        for heap in (self._alone, self._together):
            while heap and (leased_until := heap[0][2].leased_until) is not None and leased_until <= now:
                heapq.heappop(heap)
