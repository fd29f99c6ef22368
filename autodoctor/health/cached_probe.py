"""A cached check of something that may hang."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import connection

T = TypeVar("T")


class CachedProbe(Generic[T]):
    """Runs one check at a time, shared by all callers and cached for a moment, so that its cost is constant.

    The check runs in its own thread. Callers wait at most `seconds`, and the end of the process does not wait at all.
    """

    def __init__(self, look: Callable[[], T], *, seconds: float, fresh_seconds: float) -> None:
        self._look = look
        self._seconds = seconds
        self._fresh_seconds = fresh_seconds
        self._lock = threading.Lock()
        self._begun_at = 0.0
        self._ended_at = 0.0
        self._found: Future[T] | None = None

    def begin(self) -> "Future[T]":
        """Start the check, unless one is running or has just finished."""
        with self._lock:
            now = time.monotonic()
            if self._found is None or (self._found.done() and now - self._ended_at >= self._fresh_seconds):
                self._found, self._begun_at = Future(), now
                threading.Thread(target=self._run, args=(self._found,), name="glance", daemon=True).start()
            return self._found

    def get(self) -> T:
        """Return the result. Raises `TimeoutError` if it takes too long, else the check's error."""
        found = self.begin()
        return found.result(timeout=max(0.0, self._begun_at + self._seconds - time.monotonic()))

    def _run(self, found: "Future[T]") -> None:
        try:
            seen = self._look()
        except Exception as error:
            self._ended_at = time.monotonic()
            found.set_exception(error)
        else:
            self._ended_at = time.monotonic()
            found.set_result(seen)
        finally:
            connection.close()
