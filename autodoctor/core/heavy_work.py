"""Work that keeps a processor busy: a few pieces at a time in one process, and each result is remembered for a while.

However many people ask at once, other requests keep their share of the processors.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from django.db import connection
from django.utils.translation import gettext_lazy as _

from autodoctor.core.errors import TooFast

R = TypeVar("R")
AT_ONCE = 2  # pieces of work
MOST_WAITING = 30  # for their turn; each of them keeps a thread
PATIENCE_SECONDS = 20.0
BUSY = _("Many documents are being made at this moment.")
COME_BACK_SECONDS = 5


class Turns:
    """Lets `at_once` callers work; others wait, at most `most_waiting` of them."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + most_waiting)

    @contextmanager
    def turn(self, patience: float = PATIENCE_SECONDS) -> Iterator[None]:
        """Work inside this block. Raises `TooFast` if too many wait, or after `patience` seconds."""
        if not self._places.acquire(blocking=False):
            raise TooFast(COME_BACK_SECONDS, BUSY)
        try:
            self._wait(patience)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()

    def _wait(self, patience: float) -> None:
        if self._free.acquire(blocking=False):
            return
        _lend_connection()
        if not self._free.acquire(timeout=patience):
            raise TooFast(COME_BACK_SECONDS, BUSY)


class Remembered(Generic[R]):
    """The last results, `most` of them by `size` together. The one that nobody asked for longest is forgotten first.

    Callable from any thread.
    """

    def __init__(self, *, turns: Turns, most: int, size: Callable[[R], int]) -> None:
        self._turns, self._most, self._size = turns, most, size
        self._results: OrderedDict[Hashable, R] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], R]) -> R:
        """Return the result of this key; made in a turn, where nobody has made it. Raises `TooFast`."""
        found = self._known(key)
        if found is None:
            with self._turns.turn():
                found = self._known(key)  # by whoever was before us
                if found is None:
                    found = make()
                    self._keep(key, found)
        return found

    def _known(self, key: Hashable) -> R | None:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def _keep(self, key: Hashable, result: R) -> None:
        if self._size(result) > self._most:
            return
        with self._lock:
            self._results[key] = result
            while sum(map(self._size, self._results.values())) > self._most:
                self._results.popitem(last=False)


def _lend_connection() -> None:
    """Give the connection back to its pool while we wait: other requests need it."""
    if not connection.in_atomic_block:
        connection.close()


turns = Turns()  # one for all documents of this process
