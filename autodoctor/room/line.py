"""One websocket as the rest of the room sees it: push a frame, close with a code. What waits is bounded."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from autodoctor.room import protocol
from autodoctor.room.wire import HANG_UP

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_FRAMES = 4_000  # waiting for a slow reader
MOST_CHARACTERS = 1_000_000
GOODBYE_SECONDS = 3.0  # for what waits and the close frame; then the line is cut


class Line:
    """Frames go out in order by one task, which exists only while there is something to send."""

    __slots__ = ("_closing", "_flushing", "_hang_up", "_receive", "_send", "_size", "_waiting", "loop")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        self._receive = receive
        self._send = send
        self._hang_up: Callable[[], None] | None = scope.get("extensions", {}).get(HANG_UP)
        self._waiting: list[str] = []
        self._size = 0
        self._flushing: asyncio.Task[None] | None = None
        self._closing = 0

    @property
    def is_open(self) -> bool:
        return not self._closing

    def push(self, frame: str) -> None:
        """Send after everything pushed before. A reader who leaves too much waiting is cut off."""
        if self._closing:
            return
        self._waiting.append(frame)
        self._size += len(frame)
        if self._size > MOST_CHARACTERS or len(self._waiting) > MOST_FRAMES:
            self._waiting = []
            self.close(protocol.TOO_SLOW)
        elif self._flushing is None:
            self._flushing = self.loop.create_task(self._flush())

    def close(self, code: int) -> None:
        """Send what waits and the code, for a bounded time. Once closing, nothing is pushed any more."""
        if self._closing:
            return
        self._closing = code
        if self._hang_up is not None:
            self.loop.call_later(GOODBYE_SECONDS, self._hang_up)
        if self._flushing is None:
            self._flushing = self.loop.create_task(self._flush())

    async def drained(self) -> None:
        """Wait until nothing waits."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        try:
            while self._waiting:
                frames, self._waiting = self._waiting, []
                await self._send_all(frames)
            if self._closing:
                await self._send({"type": "websocket.close", "code": self._closing, "reason": ""})
        except (OSError, RuntimeError):
            self._closing = self._closing or protocol.GOING_AWAY  # the client has left: nobody to send to
        finally:
            self._flushing = None

    async def _send_all(self, frames: list[str]) -> None:
        for frame in frames:
            if self._closing == protocol.TOO_SLOW:
                return
            self._size -= len(frame)
            await self._send({"type": "websocket.send", "text": frame})
