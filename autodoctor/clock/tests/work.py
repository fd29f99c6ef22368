"""Work for the tests of the clock, in this process and in others."""

import os
import signal
import sys
from datetime import UTC, datetime

from autodoctor.clock.handlers import Handler
from autodoctor.clock.models import Job
from autodoctor.clock.queue import schedule

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


def stop_oneself_then_note(job: Job, now: datetime) -> None:
    """In the child process: stopped in the middle by SIGSTOP; after SIGCONT, or in another process, just noted."""
    if "child" in sys.argv:
        os.kill(os.getpid(), signal.SIGSTOP)
    note(job, now)


HANDLERS: dict[str, Handler] = {
    "note": Handler(note),
    "call": Handler(note, external=True),
    "hang": Handler(hang if "child" in sys.argv else note, external=True),
    "stall": Handler(stop_oneself_then_note),
}
