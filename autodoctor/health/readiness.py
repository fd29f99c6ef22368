"""Readiness: whether this process can serve. Each part is checked for a second at most."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import orjson
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from autodoctor.files import storage
from autodoctor.health.cached_probe import CachedProbe
from autodoctor.room.hub.event_bus import bus
from autodoctor.scheduler.models import Job

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 1.0  # per part; the parts are checked in parallel
FRESH_SECONDS = 1.0
STORE_FRESH_SECONDS = 10.0  # S3 is asked over the network, and for money
MOST_LATE = timedelta(seconds=30)  # twice what a stalled process may hold a deadline


class Behind(Exception):
    """No process acts on deadlines."""


@dataclass(frozen=True, slots=True)
class Echo:
    """Checks whether the event loop receives published notes."""

    heard: threading.Event


bus.listen(Echo, lambda echo: echo.heard.set())


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM scheduler_job LIMIT 1")


def check_bus() -> None:
    echo = Echo(threading.Event())
    bus.publish(echo)
    if not echo.heard.wait(LIMIT_SECONDS):
        raise TimeoutError


def check_clock() -> None:
    """Check that deadlines run, here or in another process."""
    now = timezone.now()
    due = Job.objects.filter(parked_at=None, external=False, run_at__lte=now - MOST_LATE)
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
            why = "slow" if isinstance(error, TimeoutError) else "behind" if isinstance(error, Behind) else "failed"
            return {"part": self.name, "ok": False, "why": why}
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
            logger.error("Not ready: %s (%s)", self.name, type(error).__qualname__)
        elif error is None and not was_fine:
            logger.warning("Ready again: %s", self.name)


PARTS = (
    Part("database", check_database),
    Part("bus", check_bus),
    Part("store", storage.check, STORE_FRESH_SECONDS),
    Part("clock", check_clock),
)


def answer() -> HttpResponse:
    """Return a line of JSON per part: 200 if all are well, else 503."""
    for part in PARTS:
        part.begin()
    lines = [part.line() for part in PARTS]
    status = HTTPStatus.OK if all(line["ok"] for line in lines) else HTTPStatus.SERVICE_UNAVAILABLE
    body = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    headers = {"Cache-Control": "no-store"}
    response = HttpResponse(body, content_type="application/x-ndjson", status=status, headers=headers)
    vars(response)["_has_been_logged"] = True  # otherwise Django logs every 503
    return response
