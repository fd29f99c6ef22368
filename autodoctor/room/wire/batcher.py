"""A thread that passes all waiting items to one function: the busier it is, the bigger the batch."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from django.conf import settings
from django.db import connections

from autodoctor.core.database_ways import lead_outside_the_pool

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Batcher(Generic[T]):
    """`work` takes a batch and returns the items that must wait. They come first in the next batch."""

    def __init__(self, name: str, work: Callable[[list[T]], list[T]], *, most: int, retry_seconds: float) -> None:
        """`most` items per batch; returned items are tried again after `retry_seconds`."""
        self._name = name
        self._work = work
        self._most = most
        self._retry_seconds = retry_seconds
        self._waiting: deque[T] = deque()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: T) -> None:
        """Queue an item. Callable from any thread. The first item starts the thread."""
        self._waiting.append(item)
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def stop(self, seconds: float) -> None:
        """Finish the waiting items, for a limited time. A later `put` starts a new thread."""
        with self._starting:
            thread, self._thread = self._thread, None
            self._stopping = True
            self._wake.set()
        if thread is not None:
            thread.join(seconds)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._stopping = False
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        lead_outside_the_pool(settings.CLOCK_DATABASE)  # messages and leases wait for no request
        try:
            self._work_on()
        finally:
            connections.close_all()

    def _work_on(self) -> None:
        held: list[T] = []
        while held or self._waiting or not self._stopping:
            self._wake.wait(self._retry_seconds if held else None)
            self._wake.clear()
            while batch := held + self._take(self._most - len(held)):
                held = self._do(batch)
                if held:
                    break

    def _take(self, count: int) -> list[T]:
        return [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]

    def _do(self, batch: list[T]) -> list[T]:
        try:
            return self._work(batch)
        except Exception:
            logger.exception("%s lost a batch of %d", self._name, len(batch))
            return []
