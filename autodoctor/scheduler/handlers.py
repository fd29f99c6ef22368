"""What runs when a job is due."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.dispatch import Signal
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from autodoctor.scheduler.models import Job

parked = Signal()  # sent with `job` once a job that kept failing has been given up


@dataclass(frozen=True)
class Handler:
    """How one kind of job is run.

    A plain one runs inside a transaction that also takes the job away; both stand or neither does.
    An `external` one (Stripe, SMTP) runs outside any transaction, possibly more than once: it must be idempotent.
    `every` says at which multiples of time the job recurs; it then exists from the start of the clock on. It is asked
    anew each time: a setting may say it.
    """

    run: "Callable[[Job, datetime], None]"
    external: bool = False
    attempts: int = 8
    every: Callable[[], timedelta] | None = None


def always(**parts: float) -> Callable[[], timedelta]:
    """For `Handler.every`: one that no setting says. Takes what `timedelta` takes."""
    period = timedelta(**parts)
    return lambda: period


class Retry(Exception):
    """Raised by a handler that wants to be tried again after just this long; it counts as an attempt."""

    def __init__(self, after: timedelta, reason: str = "") -> None:
        super().__init__(reason or f"again after {after}")
        self.after = after


class GiveUp(Exception):
    """Raised by a handler that knows trying again to be in vain: parked at once, where support sees it."""


class NoHandler(LookupError):
    """Nobody knows this kind of job (perhaps a newer release scheduled it)."""


def registered() -> Mapping[str, Handler]:
    """Every handler by kind. Looked up late: the composition root imports the apps that import this one."""
    return cast(Mapping[str, Handler], import_string(settings.CLOCK_HANDLERS))


def handler_of(kind: str) -> Handler:
    """What runs `kind`; for an unknown one a handler that fails with `NoHandler`."""
    return registered().get(kind, _NOBODY)


def _nobody(job: "Job", now: datetime) -> None:
    raise NoHandler(f"no handler for {job.kind}")


_NOBODY = Handler(_nobody)
