"""Work for the tests of the clock, in this process and in others."""

import os
import signal
import sys
import threading
from datetime import UTC, datetime

from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule

FAR = datetime(2100, 1, 1, tzinfo=UTC)


def note(job: Job, now: datetime) -> None:
    """Leave a row that counts, in its version, how often this work was committed."""
    schedule("noted", job.key, FAR, by=os.getpid(), at=now)


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


HANDLERS: dict[str, Handler] = {
    "note": Handler(note),
    "call": Handler(note, external=True),
    "hang": Handler(hang if "child" in sys.argv else note, external=True),
    "stall": Handler(stop_then_note),
    "stall_locked": Handler(note_then_stop),
}
