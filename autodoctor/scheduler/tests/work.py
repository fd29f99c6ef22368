"""Work for the tests of the clock, in this process and in others."""

import os
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from autodoctor.scheduler.handlers import Handler, JobKind, JobPayload
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule

FAR = datetime(2100, 1, 1, tzinfo=UTC)


class Work(JobKind):
    AGAIN = "again"
    CALL = "call"
    CAUSE = "cause"
    DEADLY = "deadly"
    FAIL = "fail"
    GONE = "gone"
    HANG = "hang"
    HANG_TOGETHER = "hang_together"
    KEPT = "kept"
    LATER = "later"
    LOSE = "lose"
    MOVED = "moved"
    NOBODY_KNOWS_THIS = "nobody-knows-this"
    NOTE = "note"
    NOTED = "noted"
    OTHER = "other"
    OWN = "own"
    POISON = "poison"
    POISON_CALL = "poison.call"
    PROBE = "probe"
    REFUSE = "refuse"
    SLOW = "slow"
    STALL = "stall"
    STALL_LOCKED = "stall_locked"
    STALL_TOGETHER = "stall_together"
    TELL = "tell"
    TOO = "too"
    TRY = "try"
    WORK = "work"


class Facts(JobPayload, total=False):
    by: int
    at: datetime
    color: str
    size: int
    round: int
    newer: bool
    password: str
    owner: UUID


def note(job: Job, now: datetime) -> None:
    """Leave a row that counts, in its version, how often this work was committed."""
    schedule(Work.NOTED, job.key, FAR, payload=Facts(by=os.getpid(), at=now))


def noted(key: str) -> int:
    row = Job.objects.filter(kind="noted", key=key).first()
    return row.version if row else 0


def hang(job: Job, now: datetime) -> None:
    """Tell the parent process that this began, and never end."""
    print("began", flush=True)  # noqa: T201
    while True:
        signal.pause()


def stop_oneself() -> None:
    """In the child process only. Sent to this very thread, it takes not one step more."""
    if "child" in sys.argv:
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def stop_then_note(job: Job, now: datetime) -> None:
    stop_oneself()
    note(job, now)


def note_then_stop(job: Job, now: datetime) -> None:
    """Stopped with a row locked that whoever takes over wants as well."""
    note(job, now)
    stop_oneself()


def note_all(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
    for job in jobs:
        note(job, now)
    return jobs


def hang_in_the_middle(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
    note(jobs[0], now)
    if "child" in sys.argv:
        hang(jobs[0], now)
    return [jobs[0], *note_all(jobs[1:], now)]


def stop_in_the_middle(jobs: Sequence[Job], now: datetime) -> Sequence[Job]:
    note(jobs[0], now)
    stop_oneself()
    return [jobs[0], *note_all(jobs[1:], now)]


HANDLERS: dict[str, Handler] = {
    "note": Handler(note),
    "call": Handler(note, lane=Lane.MAIL),
    "hang": Handler(hang if "child" in sys.argv else note, lane=Lane.MAIL),
    "stall": Handler(stop_then_note),
    "stall_locked": Handler(note_then_stop),
    "hang_together": Handler(note, together=hang_in_the_middle),
    "stall_together": Handler(note, together=stop_in_the_middle),
}
