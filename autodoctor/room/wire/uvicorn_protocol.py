"""uvicorn's websocket with extras that ASGI lacks: a frame without a task, disconnecting, and 1001 at shutdown."""

import asyncio
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, WebSocketDisconnectEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

GOING_AWAY = 1001
WIRE = "autodoctor.wire"  # the ASGI extension: this very object
SILENT_SECONDS = "autodoctor.silent_seconds"  # key in the disconnect event: seconds since the client's last answer


class FrameQueue:
    """Like asyncio.Queue for one reader, in a tenth of the memory."""

    __slots__ = ("_items", "_waiting")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> Any:
        while not self._items:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
            self._waiting = None
        return self._items.pop(0)

    def empty(self) -> bool:
        return not self._items


class UvicornProtocol(WebSocketsSansIOProtocol):
    """`uvicorn --ws autodoctor.room.wire.uvicorn_protocol:UvicornProtocol`"""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", FrameQueue())

    async def send(self, message: ASGISendEvent) -> None:
        """Drop the handshake's request data of an open connection, which is most of the memory of an idle one."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            self.scope["headers"] = []
            del self.request, self.response

    async def run_asgi(self) -> None:
        cast(dict[str, Any], self.scope["extensions"])[WIRE] = self
        await super().run_asgi()

    def push(self, payload: bytes) -> int:
        """Write one text frame; returns how many bytes wait to be read. Does nothing after the client has gone."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return 0
        self.transport.write(_header(len(payload)) + payload)
        return self.transport.get_write_buffer_size()

    @property
    def waiting(self) -> int:
        """Return the bytes that were pushed and not read yet; zero after the client has gone."""
        return 0 if self.disconnected else self.transport.get_write_buffer_size()

    async def drained(self) -> None:
        """Wait until the client has read most of what was pushed, or has gone."""
        await self.writable.wait()

    def hang_up(self) -> None:
        """Drop the connection at once, with everything that waits."""
        self.transport.abort()

    def keepalive_timeout(self) -> None:
        """The client does not answer: drop the connection, because buffered data would hold it open forever."""
        gone = {"type": "websocket.disconnect", "code": 1006, SILENT_SECONDS: self.loop.time() - self.ping_sent_at}
        self.queue.put_nowait(cast(WebSocketDisconnectEvent, gone))
        super().keepalive_timeout()
        self.hang_up()

    def shutdown(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
            self.conn.send_close(GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        super().shutdown()


def _header(size: int) -> bytes:
    """Build the header of a whole text frame of that many bytes, from a server."""
    if size < 126:
        return bytes((0x81, size))
    if size < 65_536:
        return bytes((0x81, 126, size >> 8, size & 255))
    return b"\x81\x7f" + size.to_bytes(8, "big")
