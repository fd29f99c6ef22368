"""The scheduler of one process, and the same work on demand."""

import sys
import time
from datetime import datetime, timedelta

from django.db import connection

from autodoctor.scheduler import leases, queue
from autodoctor.scheduler.execution import Outcome, run
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.worker_pool import WorkerPool

# Longer than the poll of a lane, by what a claim may take.
AHEAD = timedelta(seconds=1.25)
BATCH = 20
# How long Python lets a busy thread go on while others wait. Each query waits for that, some with a lock in hand:
# beside a busy thread a deadline of eight queries took 76 ms with Python's 5 ms, 19 ms with this, for 3 % throughput.
SWITCH_SECONDS = 0.0005


class Scheduler:
    """Runs due jobs on its own threads, from `start` to `stop`. Any number of processes may have one.

    External calls have their own lane, so that slow calls never delay a deadline.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        external_workers: int = 8,
        lease: timedelta = leases.LEASE,
        external_lease: timedelta = leases.EXTERNAL_LEASE,
    ) -> None:
        self._owner = leases.new_owner()
        deadline_workers = workers or (1 if connection.vendor == "sqlite" else 4)
        deadlines = WorkerPool(
            external=False, workers=deadline_workers, room=100, ahead=AHEAD, lease=lease, owner=self._owner
        )
        calls = WorkerPool(
            external=True,
            workers=external_workers,
            room=external_workers,
            ahead=timedelta(0),
            lease=external_lease,
            owner=self._owner,
            gives_way_to=deadlines,
        )
        self._lanes = {False: deadlines, True: calls}

    def start(self) -> None:
        """Start the threads and return at once; the first claim follows within milliseconds."""
        sys.setswitchinterval(min(SWITCH_SECONDS, sys.getswitchinterval()))
        queue.wake_listeners.append(self.wake)
        for lane in self._lanes.values():
            lane.start()

    def stop(self, seconds: float = 5.0) -> None:
        """Wait a limited time for running jobs, and give back the others. A longer call keeps its lease."""
        queue.wake_listeners.remove(self.wake)
        until = time.monotonic() + seconds
        for lane in self._lanes.values():
            lane.stop()
        for lane in self._lanes.values():
            lane.join(until)
        leases.retire(self._owner)

    def wake(self, due_at: datetime, external: bool) -> None:
        """Announce a job that was committed, here or (through a bus) in another process."""
        self._lanes[external].wake(due_at)


def run_due(now: datetime, *, external: bool = True) -> int:
    """Run all jobs that are due at `now`, and those that they make due, in this thread. Returns how many were run.

    Without `external`, jobs with external calls (Stripe, SMTP) are left to the loop.
    """
    owner = leases.new_owner()
    done = 0
    try:
        kinds = (False, True) if external else (False,)
        while jobs := [job for kind in kinds for job in _claim(owner, now, external=kind)]:
            done += sum(run(job, now) is Outcome.DONE for job in jobs)
    finally:
        leases.retire(owner)
    return done


def _claim(owner: str, now: datetime, *, external: bool) -> list[Job]:
    lease = leases.EXTERNAL_LEASE if external else leases.LEASE
    return leases.claim(owner, external=external, until=now, limit=BATCH, lease=lease)
