"""The event bus of the live channel: pokes, ephemeral frames, revoked access. A note is a hint, never the truth.

One class without an abstract protocol: only some notes could travel between processes (a note that carries a future
stays in its process), so a second implementation has to show the common part first.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

logger = logging.getLogger(__name__)
N = TypeVar("N")


class EventBus:
    """Takes notes from any thread and hands each to those who listen for its type, in the event loop's thread.

    For one server process. Many notes wake the event loop once.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: dict[type, list[Callable[[Any], None]]] = {}
        self._notes: deque[object] = deque()
        self._woken = False

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._notes.clear()
        self._woken = False
        self._loop = loop

    def close(self) -> None:
        self._loop = None

    def listen(self, kind: type[N], take: Callable[[N], None]) -> None:
        self._listeners.setdefault(kind, []).append(take)

    def publish(self, *notes: object) -> None:
        """Deliver a note. Dropped while no event loop listens, because then nobody is connected here."""
        loop = self._loop
        if loop is None:
            return
        self._notes.extend(notes)
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # the loop closed just now
                loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._woken = False  # before taking: a note that comes now wakes again
        for _ in range(len(self._notes)):
            note = self._notes.popleft()
            for take in self._listeners.get(type(note), ()):
                try:
                    take(note)
                except Exception:
                    logger.exception("A %s was not taken", type(note).__name__)


bus = EventBus()
