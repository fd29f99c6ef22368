"""uvicorn's websocket with extras that ASGI lacks: frames without tasks, disconnecting, and 1001 at shutdown.

What clients send is nearly always a whole short text. `frames` reads it here, and the listener has it before the event
loop goes on. `websockets` gets all other frames, whole ones, and judges what is forbidden.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, WebSocketDisconnectEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from autodoctor.room.wire import frames

logger = logging.getLogger(__name__)

GOING_AWAY = 1001
NO_TEXT = 1007
BREATHER_SECONDS = 0.05  # pause in reading from a client that is too fast
WIRE = "autodoctor.wire"  # the ASGI extension: this very object
SILENT_SECONDS = "autodoctor.silent_seconds"  # key in the disconnect event: seconds since the client's last answer
OUR_END = "autodoctor.our_end"  # key in the disconnect event: this process has been told to end
Listener = Callable[[str | bytes], bool]


class EventQueue:
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
        self.queue = cast("asyncio.Queue[ASGIReceiveEvent]", EventQueue())
        self._listener: Listener | None = None
        self._context: Context  # the listener's
        self._unread = b""
        self._is_resting = False
        self._is_in_pieces = False  # a message has begun, and goes on with the next frame

    async def send(self, message: ASGISendEvent) -> None:
        """Drop the handshake's request data of an open connection, which is most of the memory of an idle one."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            self.scope["headers"] = []
            del self.request, self.response
        elif message["type"] == "websocket.close":
            self._listener = None
            self._read_on()  # up to the client's goodbye

    def listen(self, listener: Listener) -> None:
        """Hand on every message, in this task's context. The listener returns False if the client must slow down."""
        self._listener, self._context = listener, copy_context()
        self._read_on()

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated:
            self._unread += data
            self._read()
        else:
            super().data_received(data)

    def _read_on(self) -> None:
        self._is_resting = False
        self._read()
        if not self._is_resting:
            self.transport.resume_reading()

    def _read(self) -> None:
        """Take what has come. Nothing more is read from a client to whom nobody listens yet."""
        if self._listener is not None and not self._is_resting:
            self._context.run(self._take_frames)
        elif self.close_sent:
            self._take_frames()
        elif self._unread:
            self.transport.pause_reading()

    def _take_frames(self) -> None:
        """Take whole frames, and keep the rest. What is too big is not waited for: its header says enough."""
        data, self._unread, at = self._unread, b"", 0
        while not self._is_resting and (found := frames.bounds(data, at)):
            start, end = found
            if end - start > self.config.ws_max_size:
                self._leave_to_websockets(data[at:])
                return
            if end > len(data):
                break
            text = None if self._is_in_pieces else frames.text_of(data, at, start, end)
            if text is None:
                self._leave_to_websockets(data[at:end])
            else:
                self._hand_on(text)
            at = end
        self._unread = data[at:]

    def _leave_to_websockets(self, data: bytes) -> None:
        super().data_received(data)
        self._is_in_pieces = self.conn.current_size is not None
        if self.transport.is_closing():
            self._listener = None

    def send_receive_event_to_app(self) -> None:
        """Hand on a message of bytes, or one that came in pieces."""
        whole, self.frames = b"".join(self.frames), []
        try:
            self._hand_on(whole if self.curr_msg_data_type == "bytes" else whole.decode())
        except UnicodeDecodeError:
            self.conn.send_close(NO_TEXT)
            self.handle_parser_exception()

    def _hand_on(self, message: str | bytes) -> None:
        try:
            if self._listener is not None and not self._listener(message):
                self._rest()
        except Exception:
            logger.exception("A message could not be handled")
            self._listener = None
            self.transport.close()

    def _rest(self) -> None:
        self._is_resting = True
        self.transport.pause_reading()
        self.loop.call_later(BREATHER_SECONDS, self._read_on)

    async def run_asgi(self) -> None:
        cast(dict[str, Any], self.scope["extensions"])[WIRE] = self
        await super().run_asgi()

    def push(self, *payloads: bytes) -> int:
        """Write a text frame for each; returns how many bytes wait to be read. Does nothing if the client has gone."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return 0
        self.transport.write(frames.texts(payloads))
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
            self._listener = None
            away = {"type": "websocket.disconnect", "code": GOING_AWAY, OUR_END: True}
            self.queue.put_nowait(cast(WebSocketDisconnectEvent, away))
            self.conn.send_close(GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        super().shutdown()
