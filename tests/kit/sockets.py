"""The client side of `/ws/sessions/<uuid>` and `/ws/feed`, blocking and asynchronous."""

import asyncio
import json
import uuid
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Protocol, Self
from uuid import UUID

from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.kit.server import Person
from tests.kit.waiting import PATIENCE

Frame = dict[str, Any]


class Addressed(Protocol):
    """A server, or a proxy before it."""

    @property
    def url(self) -> str: ...


class Socket:
    """A websocket that stands for an open page of a person. `frames` holds every frame that was read."""

    def __init__(self, server: Addressed, path: str, person: Person | None, **options: Any) -> None:
        self._opened = ExitStack()
        # However much is unread: with a full queue it would read no more, and closing wait for an answer in vain.
        self._connection: ClientConnection = self._opened.enter_context(
            connect(**_options(server, path, person, **options), max_queue=None)
        )
        self.frames: list[Frame] = []

    def send(self, type_: str, **fields: Any) -> None:
        self.send_text(json.dumps({"type": type_, **fields}))

    def send_text(self, text: str | bytes) -> None:
        self._connection.send(text)

    def say(self, text: str, client_id: UUID | str | None = None) -> str:
        """Send a message; returns its client id."""
        client_id = str(client_id or uuid.uuid4())
        self.send("message", client_id=client_id, text=text)
        return client_id

    def receive(self, patience: float = PATIENCE) -> Frame:
        """The next frame. Raises `TimeoutError`, or `ConnectionClosed` with the server's code."""
        frame: Frame = json.loads(self._connection.recv(timeout=patience))
        self.frames.append(frame)
        return frame

    def expect(self, type_: str, patience: float = PATIENCE, **fields: Any) -> Frame:
        """The next frame of that type with these fields; others are read over."""
        while True:
            frame = self.receive(patience)
            if matches(frame, type_, fields):
                return frame

    def close(self) -> None:
        self._opened.close()

    def cut(self) -> None:
        """Lose the connection without a word, as a phone in a tunnel does."""
        self._connection.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncSocket:
    """Like `Socket`, for many sockets in one thread: `async with AsyncSocket(server, path, person) as socket`."""

    def __init__(self, server: Addressed, path: str, person: Person | None, **options: Any) -> None:
        self._options = _options(server, path, person, **options)
        self._connection: AsyncConnection
        self.frames: list[Frame] = []

    async def __aenter__(self) -> Self:
        self._connection = await connect_async(**self._options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def send(self, type_: str, **fields: Any) -> None:
        await self.send_text(json.dumps({"type": type_, **fields}))

    async def send_text(self, text: str | bytes) -> None:
        await self._connection.send(text)

    async def say(self, text: str, client_id: UUID | str | None = None) -> str:
        client_id = str(client_id or uuid.uuid4())
        await self.send("message", client_id=client_id, text=text)
        return client_id

    async def receive(self, patience: float = PATIENCE) -> Frame:
        frame: Frame = json.loads(await asyncio.wait_for(self._connection.recv(), patience))
        self.frames.append(frame)
        return frame

    async def expect(self, type_: str, patience: float = PATIENCE, **fields: Any) -> Frame:
        while True:
            frame = await self.receive(patience)
            if matches(frame, type_, fields):
                return frame

    def cut(self) -> None:
        self._connection.transport.abort()


def room(session_id: UUID | str, after: int = 0) -> str:
    return f"/ws/sessions/{session_id}?after={after}"


def matches(frame: Frame, type_: str, fields: Frame) -> bool:
    return frame["type"] == type_ and all(frame.get(name) == value for name, value in fields.items())


def _options(
    server: Addressed,
    path: str,
    person: Person | None,
    *,
    origin: str | None = "",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """`origin`: empty stands for the site's own, None sends none. `more` of the library: `ssl`."""
    cookie = "; ".join(f"{name}={value}" for name, value in (person.cookies if person else {}).items())
    origin = server.url if origin == "" else origin
    return {
        "uri": server.url.replace("http", "ws", 1) + path,
        "origin": Origin(origin) if origin is not None else None,
        "additional_headers": {**({"Cookie": cookie} if cookie else {}), **(headers or {})},
        "compression": None,
        "proxy": None,
        "open_timeout": PATIENCE,
        "close_timeout": PATIENCE,
        **more,
    }
