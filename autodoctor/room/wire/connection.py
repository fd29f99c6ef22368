"""A websocket for the rest of the room: push a frame, close with a code. The buffer is bounded."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

from autodoctor.room.wire import executor, protocol
from autodoctor.room.wire.uvicorn_protocol import WIRE, Listener, UvicornProtocol

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_WAITING = 2 * 1024 * 1024  # bytes, for a slow reader
MUCH = 256 * 1024  # bytes, after which a sender with more to say lets the reader catch up
STALLED_SECONDS = 10.0  # without a read by the client
GOODBYE_SECONDS = 3.0  # for the waiting frames and the close frame; then the connection is cut


def protocol_of(scope: Scope) -> UvicornProtocol:
    """Return the connection's protocol. Raises `RuntimeError` if uvicorn was started without our protocol."""
    wire = scope.get("extensions", {}).get(WIRE)
    if wire is None:
        raise RuntimeError(
            "Start uvicorn with --ws autodoctor.room.wire.uvicorn_protocol:UvicornProtocol, as docs/production.md says."
        )
    return cast(UvicornProtocol, wire)


class Connection:
    __slots__ = ("_receive", "_send", "_wire", "is_open", "loop")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        self._receive = receive
        self._send = send
        self._wire = protocol_of(scope)
        self.is_open = True

    async def listen(self, listener: Listener) -> dict[str, Any]:
        """Hand on what the client sends until the connection ends, and return its end. The listener returns False if
        the client must slow down.
        """
        self._wire.listen(listener)
        return await self._receive()

    def push(self, *frames: bytes) -> None:
        """Send after everything pushed before. A client that reads too slowly is disconnected."""
        if self.is_open and self._wire.push(*frames) > MOST_WAITING:
            self.close(protocol.TOO_SLOW)

    def hint(self, frame: bytes) -> None:
        """Send a frame that may get lost: a slow client does not get it, so that it never causes a disconnect."""
        if self._wire.waiting <= MUCH:
            self.push(frame)

    def close(self, code: int) -> None:
        """Send the code after the waiting frames, and disconnect a client that does not read it. Later pushes do
        nothing.
        """
        if self.is_open:
            self.is_open = False
            self.loop.call_later(GOODBYE_SECONDS, self._wire.hang_up)
            executor.background(self._close(code))

    async def drained(self) -> None:
        """Wait until most of a large buffer has been read. A client that reads nothing for a while is disconnected."""
        while self.is_open and (waiting := self._wire.waiting) > MUCH:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wire.drained(), STALLED_SECONDS)
            if self._wire.waiting >= waiting:
                self.close(protocol.TOO_SLOW)

    async def _close(self, code: int) -> None:
        with suppress(OSError, RuntimeError):  # the client has left first
            await self._send({"type": "websocket.close", "code": code, "reason": ""})
