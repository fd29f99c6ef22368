"""Readiness: whether this process can serve. Each part is checked for a second at most.

A process without its bus to others still serves: the bus is named, and the process stays ready. Every process misses
the same bus, and a proxy that heeds the answer would take all of them away.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import orjson
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from autodoctor.files import storage
from autodoctor.health.cached_probe import CachedProbe
from autodoctor.room.hub.event_bus import bus
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 1.0  # per part; the parts are checked in parallel
FRESH_SECONDS = 1.0
STORE_FRESH_SECONDS = 10.0  # S3 is asked over the network, and for money
DEGRADED = "degraded"  # a reason not to be ready, but for this one
ECHO_SECONDS = 0.8  # in less than the limit, so that there is time to say what is missing
MOST_LATE = timedelta(seconds=30)  # twice what a stalled process may hold a deadline


class Behind(Exception):
    """No process acts on deadlines."""


class Degraded(Exception):
    """The process serves without this, with a delay."""


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM scheduler_job LIMIT 1")


def check_bus() -> None:
    """Check that a note comes back: by the event loop of this process, then by way of Redis or Valkey if given."""
    until = time.monotonic() + ECHO_SECONDS
    if not bus.echoes_here(ECHO_SECONDS):
        raise TimeoutError
    if not bus.echoes(until - time.monotonic()):
        raise Degraded


def check_clock() -> None:
    """Check that deadlines run, here or in another process."""
    now = timezone.now()
    due = Job.objects.filter(parked_at=None, lane=Lane.DEADLINES, run_at__lte=now - MOST_LATE)
    if due.exists():
        raise Behind


class Part:
    """A required part with its check and latest result."""

    def __init__(self, name: str, look: Callable[[], None], fresh_seconds: float = FRESH_SECONDS) -> None:
        self.name = name
        self._glance = CachedProbe(self._timed(look), seconds=LIMIT_SECONDS, fresh_seconds=fresh_seconds)
        self._was_fine = True

    def begin(self) -> None:
        self._glance.begin()

    def line(self) -> dict[str, str | bool | int]:
        """Return the result, the same for every caller; the reason is in the log."""
        try:
            milliseconds = self._glance.get()
        except Exception as error:
            self._note(error)
            return {"part": self.name, "ok": False, "why": _reason(error)}
        self._note(None)
        return {"part": self.name, "ok": True, "ms": milliseconds}

    def _timed(self, look: Callable[[], None]) -> Callable[[], int]:
        def timed() -> int:
            began = time.monotonic()
            look()
            return round((time.monotonic() - began) * 1000)

        return timed

    def _note(self, error: Exception | None) -> None:
        """Log each change once, because callers ask every second."""
        was_fine, self._was_fine = self._was_fine, error is None
        if was_fine and error is not None:
            words = "Degraded" if isinstance(error, Degraded) else "Not ready"
            logger.error("%s: %s (%s)", words, self.name, type(error).__qualname__)
        elif error is None and not was_fine:
            logger.warning("Ready again: %s", self.name)


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError():
            return "slow"
        case Behind():
            return "behind"
        case Degraded():
            return DEGRADED
        case _:
            return "failed"


PARTS = (
    Part("database", check_database),
    Part("bus", check_bus),
    Part("store", storage.check, STORE_FRESH_SECONDS),
    Part("clock", check_clock),
)


def answer() -> HttpResponse:
    """Return a line of JSON per part: 200 if all are well or only degraded, else 503."""
    for part in PARTS:
        part.begin()
    lines = [part.line() for part in PARTS]
    serves = all(line["ok"] or line["why"] == DEGRADED for line in lines)
    status = HTTPStatus.OK if serves else HTTPStatus.SERVICE_UNAVAILABLE
    body = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    headers = {"Cache-Control": "no-store"}
    response = HttpResponse(body, content_type="application/x-ndjson", status=status, headers=headers)
    vars(response)["_has_been_logged"] = True  # otherwise Django logs every 503
    return response
