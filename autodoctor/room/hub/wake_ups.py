"""Wake-ups between schedulers: a job that one process commits runs at once, in whichever process has a free worker."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.dispatch import Signal
from django.utils import timezone

from autodoctor.room.hub.event_bus import bus
from autodoctor.scheduler import queue
from autodoctor.scheduler.lanes import Lane

CHANNEL = "clock"
SOON = timedelta(seconds=3)  # every scheduler looks once a second for what is due later


@dataclass(frozen=True, slots=True)
class JobDue:
    """A job of this lane was committed."""

    TAG: ClassVar[str] = "due"
    due_at: datetime
    lane: Lane

    def channels(self) -> tuple[str, ...]:
        return (CHANNEL,)

    def pack(self) -> list[Any]:
        return [self.due_at.isoformat(), self.lane.value]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        due_at, lane = packed
        return cls(datetime.fromisoformat(due_at), Lane(lane))


def connect(started: Signal, stopped: Signal) -> None:
    queue.wake_listeners.append(announce)
    bus.share(JobDue)
    bus.listen(JobDue, wake)
    started.connect(_follow)
    stopped.connect(_leave)


def announce(due_at: datetime, lane: Lane) -> None:
    """Tell the schedulers of other processes of a job that is due soon."""
    if due_at < timezone.now() + SOON:
        bus.announce(JobDue(due_at, lane))


def wake(note: JobDue) -> None:
    """Tell the schedulers of this process."""
    for listener in tuple(queue.wake_listeners):
        if listener is not announce:
            listener(note.due_at, note.lane)


def _follow(**_signal: object) -> None:
    bus.follow(CHANNEL)


def _leave(**_signal: object) -> None:
    bus.leave(CHANNEL)
