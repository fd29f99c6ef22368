"""Handlers: what runs when a job is due."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypedDict, cast

from django.conf import settings
from django.dispatch import Signal
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from autodoctor.scheduler.lanes import Lane

if TYPE_CHECKING:
    from autodoctor.scheduler.models import Job


class JobKind(StrEnum):
    """What a job can be. Each capability has its own kinds, as an enumeration beside its jobs; rules are kinds, too, by
    their names.
    """


class JobPayload(TypedDict):
    """What a kind of job carries, as JSON: each kind that carries anything declares its own."""


parked = Signal()  # sent with `job` once a job that kept failing has been given up


@dataclass(frozen=True)
class Handler:
    """How one kind of job is run.

    By default inside a transaction that also takes the job away; both stand or neither does. In any other `lane`
    outside any transaction, possibly more than once: the handler must be idempotent. The lane is that of the service
    for which the handler may have to wait.
    `every` says at which multiples of time the job recurs; it then exists from the start of the clock on. It is asked
    anew each time: a setting may say it. `failed`: what support reads when a job was given up; without it, the kind.
    `together` does in one transaction what `run` does for each of many due jobs of one kind, and returns those that it
    did. It writes nothing for the others: they run alone. So do all of them if it raises.
    """

    run: "Callable[[Job, datetime], None]"
    lane: Lane = Lane.DEADLINES
    attempts: int = 8
    every: Callable[[], timedelta] | None = None
    failed: Promise | None = None
    together: "Callable[[Sequence[Job], datetime], Collection[Job]] | None" = None

    def __post_init__(self) -> None:
        if self.together and (self.every or not self.lane.in_transaction):
            raise ValueError("only deadlines that do not recur run together")


def always(**parts: float) -> Callable[[], timedelta]:
    """For `Handler.every`: one that no setting says. Takes what `timedelta` takes."""
    period = timedelta(**parts)
    return lambda: period


class Retry(Exception):
    """Raised by a handler to be tried again after this pause; counts as an attempt."""

    def __init__(self, after: timedelta, reason: str = "") -> None:
        super().__init__(reason or f"again after {after}")
        self.after = after


class GiveUp(Exception):
    """Raised by a handler if another try is useless: the job fails at once, where support sees it."""


class NoHandler(LookupError):
    """No handler is registered for this kind (perhaps a newer release scheduled the job)."""


def registered() -> Mapping[str, Handler]:
    """Return all handlers by kind. Imported late, because the composition root imports apps that import this module."""
    return cast(Mapping[str, Handler], import_string(settings.CLOCK_HANDLERS))


def handler_of(kind: str) -> Handler:
    """Return the handler of `kind`; for an unknown kind a handler that fails with `NoHandler`."""
    return registered().get(kind, _NOBODY)


def _nobody(job: "Job", now: datetime) -> None:
    raise NoHandler(f"no handler for {job.kind}")


_NOBODY = Handler(_nobody)
