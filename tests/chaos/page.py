"""An open page in a chaos run: it connects to any server, again and again, and keeps what it saw and what it said."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

from websockets.exceptions import WebSocketException

from tests.kit.server import Person, Server
from tests.kit.sockets import AsyncSocket, Frame, room

QUIET = 4.0  # seconds without a frame: then the page asks whether anybody is there
CONNECTS = 6.0  # seconds; a stopped server accepts and never answers
PAUSE = 0.2, 1.2  # seconds before the next attempt
OVER = {"session.ended", "session.auto_closed", "session.cancelled", "session.expired", "session.released"}
CANNOT_CONNECT = (OSError, TimeoutError, WebSocketException)
Seen = tuple[int, str, str | None]  # seq, kind, client_id


@dataclass
class Page:
    person: Person
    role: str
    session_id: str
    servers: tuple[Server, Server]
    random: Random
    has_call: bool = False
    seen: list[Seen] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    connects: int = 0
    signals: int = 0  # of the other side
    is_over: bool = False
    _unconfirmed: dict[str, str] = field(default_factory=dict)
    _refused: list[str] = field(default_factory=list)  # for now: to be said again
    _socket: AsyncSocket | None = None

    @property
    def last(self) -> int:
        return self.seen[-1][0] if self.seen else 0

    def has_seen(self, kind: str) -> bool:
        return any(kind == each for _, each, _ in self.seen)

    async def stay_open(self, is_enough: Callable[[], bool]) -> None:
        """Be connected until the session is over, or it is enough."""
        while not (self.is_over or is_enough()):
            with suppress(*CANNOT_CONNECT):
                await self._connection(is_enough)
            self._socket = None
            await asyncio.sleep(self.random.uniform(*PAUSE))

    async def say(self, text: str) -> None:
        """Say it until it is confirmed, over however many connections."""
        client_id = str(uuid4())
        self._unconfirmed[client_id] = text
        await self._send("message", client_id=client_id, text=text)

    async def signal(self) -> None:
        if self.has_call:
            await self._send("signal", data={"from": self.role, "number": len(self.seen)})

    async def _connection(self, is_enough: Callable[[], bool]) -> None:
        server = self.random.choice(self.servers)
        socket = AsyncSocket(server, room(UUID(self.session_id), self.last), self.person)
        async with asyncio.timeout(CONNECTS):
            await socket.__aenter__()
        self.connects += 1
        self._socket = socket
        try:
            await self._come_back()
            while not (self.is_over or is_enough()):
                self._take(await self._next(socket))
                await self._say_again()
                socket.frames.clear()
        finally:
            socket.cut()

    async def _come_back(self) -> None:
        await self._send("join")
        if self.has_call:
            await self._send("media", receiving=True)
        for client_id, text in list(self._unconfirmed.items()):
            await self._send("message", client_id=client_id, text=text)

    async def _say_again(self) -> None:
        while self._refused:
            client_id = self._refused.pop()
            if text := self._unconfirmed.get(client_id):
                await asyncio.sleep(self.random.uniform(*PAUSE))
                await self._send("message", client_id=client_id, text=text)

    async def _next(self, socket: AsyncSocket) -> Frame:
        """Return the next frame; nothing for some seconds, and no answer to a ping: the connection is dead."""
        with suppress(TimeoutError):
            return await socket.receive(QUIET)
        await self._send("ping")
        return await socket.receive(QUIET)

    async def _send(self, type_: str, **fields: object) -> None:
        if self._socket:
            with suppress(*CANNOT_CONNECT):
                await self._socket.send_text(json.dumps({"type": type_, **fields}))

    def _take(self, frame: Frame) -> None:
        match frame["type"]:
            case "event":
                self._take_event(frame)
            case "error" if frame["code"] == "session_closed":
                self._unconfirmed.pop(frame.get("client_id") or "", None)
            case "error" if frame["code"] in ("unavailable", "too_fast"):
                self._refused.append(frame.get("client_id") or "")
            case "error" if frame["code"] != "not_joined":
                self.wrong.append(f"{self.role} was told {frame['code']}")
            case "signal":
                self.signals += 1

    def _take_event(self, frame: Frame) -> None:
        seq, kind, client_id = frame["seq"], frame["kind"], frame["client_id"]
        if (seq, kind, client_id) in self.seen:
            return  # the answer to a message that was said again
        if seq <= self.last:
            self.wrong.append(f"{self.role} saw {seq} {kind} after {self.last}")
            return
        self.seen.append((seq, kind, client_id))
        if client_id in self._unconfirmed:
            del self._unconfirmed[client_id]
            self.confirmed.add(client_id)
        self.is_over |= kind in OVER
