"""One open page of a storm: it reconnects, resumes and sends again as `reconnecting-socket.js` and `channel.js` do."""

import asyncio
import random
import re
import time
from collections import Counter
from typing import Any
from uuid import uuid4

import orjson

from bench.kit import wire
from bench.kit.serving import ROOT

SCRIPT = ROOT / "autodoctor/room/static/room/wire/reconnecting-socket.js"
TEXT = "I hear a rattle from the front left wheel when I brake."
MISSED_PONGS = 2
STOPS = (4401, 4404, 4409)  # close codes after which a page does not come back


def read_timing() -> dict[str, float]:
    """Return the waiting times of the product's own script, in seconds."""
    found = re.search(r"TIMING = \{([^}]*)\}", SCRIPT.read_text())
    if found is None:
        raise RuntimeError(f"{SCRIPT} names no waiting times")
    pairs = re.findall(r"(\w+): ([\d_]+)", found[1])
    return {name: int(milliseconds.replace("_", "")) / 1000 for name, milliseconds in pairs}


class World:
    """What all pages share: where the servers are, and what happened."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.origin: str = plan["origin"]
        self.ports: list[int] = plan["ports"]
        self.timing = read_timing()
        self.away: set[Page] = set()
        self.resumed: list[float] = []  # when each page was welcomed, since nobody was away
        self.refused: Counter[str] = Counter()  # what a living server answered, other than by letting in
        self.unreachable = 0  # no server listened
        self.given_up = 0  # attempts without an answer in time
        self.confirmed: list[str] = []


class Line(wire.Frames):
    """One socket of a page."""

    def __init__(self, page: "Page") -> None:
        path = f"/ws/sessions/{page.seat['session_id']}?page={page.id}&attempt={page.opened}&after={page.after}"
        super().__init__(path, origin=page.world.origin, key=page.seat["key"])
        self._page = page
        self.code = 0

    def took(self, frame: bytes) -> None:
        self._page.hear(self, orjson.loads(frame))

    def refused(self, status: int) -> None:
        self._page.world.refused[str(status)] += 1
        self.transport.abort()

    def closed(self, code: int) -> None:
        self.code = code
        if code in STOPS:
            self._page.world.refused[str(code)] += 1
        self.transport.abort()

    def connection_lost(self, _error: Exception | None) -> None:
        self._page.lose(self, self.code)


class Page:
    def __init__(self, world: World, number: int, seat: dict[str, str]) -> None:
        self.world = world
        self.seat = seat
        self.id = str(uuid4())
        self.after = 0
        self.log: list[str] = []  # the client id of each message that it shows
        self.outbox: dict[str, str] = {}  # not confirmed, in their order
        self.home = 0  # which server a proxy would ask first
        self._number = number
        self._line: Line | None = None
        self.opened = 0  # attempts in all
        self._is_open = False
        self._under_way = ""
        self._attempts = self._unanswered = 0
        self._verdict: asyncio.TimerHandle | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._connecting: asyncio.Task[None] | None = None

    def open(self) -> None:
        self.opened += 1
        self._line = Line(self)
        timing = self.world.timing
        self._expect(min(timing["lastWelcome"], timing["welcome"] * max(1, self._attempts)))
        self._connecting = asyncio.get_running_loop().create_task(self._connect(self._line))

    async def _connect(self, line: Line) -> None:
        """As a proxy does: a server that does not listen is passed over."""
        ports = self.world.ports
        for number in range(len(ports)):
            try:
                await wire.connect(line, ports[(self.home + number) % len(ports)], self._number)
            except OSError:
                continue
            if line is not self._line:
                line.transport.abort()
            return
        self.world.unreachable += 1
        self.lose(line, 0)

    def say(self) -> None:
        self.outbox[str(uuid4())] = TEXT
        self._deliver()

    def hear(self, line: Line, frame: dict[str, Any]) -> None:
        if line is not self._line:
            return
        if self._verdict:
            self._verdict.cancel()
        self._unanswered = 0
        match frame["type"]:
            case "welcome":
                self._welcome()
            case "event":
                self._event(frame)
            case "pong":
                self._attempts, self.after = 0, max(self.after, frame["seq"])
                self._deliver()
            case "error":
                self.world.refused[frame["code"]] += 1
                self._under_way = ""

    def _welcome(self) -> None:
        self._is_open, self._under_way = True, ""
        self.world.away.discard(self)
        self.world.resumed.append(time.monotonic())
        self._send({"type": "join"})
        self._deliver()
        self._beat = self._later(self.world.timing["ping"], self._ping)

    def _event(self, frame: dict[str, Any]) -> None:
        client_id = frame["client_id"]
        if self.outbox.pop(client_id, None):
            self.world.confirmed.append(client_id)
            self._under_way = ""
        if frame["seq"] > self.after:
            self.after = frame["seq"]
            if frame["kind"] == "message.posted":
                self.log.append(client_id)
        self._deliver()

    def _deliver(self) -> None:
        """Send the first message that waits; only one is on its way."""
        if self._is_open and self.outbox and not self._under_way:
            self._under_way, text = next(iter(self.outbox.items()))
            self._send({"type": "message", "client_id": self._under_way, "text": text})

    def _ping(self) -> None:
        if self._unanswered >= MISSED_PONGS:
            self._give_up()
            return
        self._unanswered += 1
        self._send({"type": "ping"})
        self._beat = self._later(self.world.timing["ping"], self._ping)

    def _send(self, frame: dict[str, str]) -> None:
        if self._line:
            self._line.send(orjson.dumps(frame))

    def _expect(self, seconds: float) -> None:
        self._verdict = self._later(seconds, self._give_up)

    def _give_up(self) -> None:
        self.world.given_up += 1
        if self._line:
            self.lose(self._line, 0)

    def lose(self, line: Line, code: int) -> None:
        """Stop for good, or come back after a random part of a time that doubles."""
        if line is not self._line:
            return
        self._hang_up()
        if code in STOPS:
            return
        timing = self.world.timing
        ceiling = min(timing["lastRetry"], timing["firstRetry"] * 2**self._attempts)
        self._attempts += 1
        self._later(ceiling * random.random(), self.open)

    def _hang_up(self) -> None:
        line, self._line, self._is_open, self._unanswered = self._line, None, False, 0
        for timer in (self._verdict, self._beat):
            if timer:
                timer.cancel()
        if line and hasattr(line, "transport"):
            line.transport.abort()

    def _later(self, seconds: float, act: Any) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, act)
