"""A scripted socket server, and a real browser page that connects to it."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from autodoctor.scripts import sources
from tests.kit.waiting import PATIENCE

SCRIPTS = Path(__file__).parents[1] / "static" / "room"
MODULES = sources.modules()
FAST = {"ping": 400, "probe": 100, "welcome": 10_000, "firstRetry": 5, "lastRetry": 20}  # milliseconds
SESSION = {"id": "s", "state": "live", "ends_at": None}
OPEN = """async (options) => {
  const { Channel } = await import("room/wire/channel");
  const { Outbox } = await import("room/wire/outbox");
  const channel = new Channel(`ws://${location.host}/ws`, { outbox: new Outbox(sessionStorage, "box"), ...options });
  const heard = [];
  for (const name of ["welcome", "event", "presence", "error", "replaced", "status"]) {
    channel.on(name, (detail) => heard.push([name, structuredClone(detail)]));
  }
  Object.assign(window, { channel, heard });
  channel.open();
}"""


@dataclass
class Line:
    """A connection, as the server sees it."""

    socket: ServerConnection
    after: int
    attempt: int
    is_deaf: bool
    served: int = 0
    now: str = "2026-03-02T12:00:00.000Z"
    _frames: "queue.Queue[dict[str, Any]]" = field(default_factory=queue.Queue)

    def listen(self) -> None:
        for text in self.socket:
            frame = json.loads(text)
            self._frames.put(frame)
            if frame["type"] == "ping" and not self.is_deaf:
                self.says(type="pong", now=self.now, seq=self.served)

    def says(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame))

    def welcomes(self, **changes: Any) -> "Line":
        self.says(
            **{"type": "welcome", "seq": self.after, "now": self.now, "session": SESSION, "presence": {}}
            | {"you": {"id": "u", "role": "customer"}}
            | changes
        )
        return self

    def tells(self, seq: int, kind: str = "message.posted", **changes: Any) -> None:
        """Send an event of the log."""
        event = {"seq": seq, "kind": kind, "at": self.now, "by": None, "client_id": None, "data": {"text": f"no {seq}"}}
        self.says(**{"type": "event"} | event | changes)

    def hears(self, kind: str) -> dict[str, Any]:
        """Return the next frame of this type."""
        while (frame := self._frames.get(timeout=PATIENCE))["type"] != kind:
            pass
        return frame

    def heard(self, kind: str) -> int:
        """Return how many frames of this type have come and were not read."""
        return sum(frame["type"] == kind for frame in list(self._frames.queue))

    def hangs_up(self, code: int) -> None:
        self.socket.close(code)


@dataclass
class Exchange:
    """The server's side of every connection, in their order."""

    port: int = 0
    is_deaf: bool = False  # the server answers no pings
    body: str = ""  # of the page
    _lines: "queue.Queue[Line]" = field(default_factory=queue.Queue)

    def handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        asked = parse_qs(urlsplit(socket.request.path).query)
        line = Line(socket, int(asked["after"][0]), int(asked["attempt"][0]), self.is_deaf)
        self._lines.put(line)
        try:
            line.listen()
        except ConnectionClosed:
            return

    def answers(self) -> Line:
        """Accept the next connection."""
        return self._lines.get(timeout=PATIENCE)

    def is_quiet(self) -> bool:
        return self._lines.empty()

    def serve_file(self, socket: ServerConnection, request: Request) -> Response | None:
        """Serve the page and its modules from the socket's address."""
        name = request.path.rsplit("/", 1)[1]
        if name.startswith("ws"):
            return None
        if name.endswith(".js"):
            return _answer("text/javascript", MODULES[request.path[1:].removesuffix(".js")].read_bytes())
        imports = json.dumps({"imports": {name: f"/{name}.js" for name in MODULES}})
        head = f'<!DOCTYPE html><html lang="en"><title>Room</title><script type="importmap">{imports}</script>'
        return _answer("text/html; charset=utf-8", (head + self.body).encode())


@contextmanager
def exchanging() -> Iterator[Exchange]:
    made = Exchange()
    with serve(made.handle, "localhost", 0, process_request=made.serve_file) as server:
        made.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def _answer(content_type: str, body: bytes) -> Response:
    headers = {"Content-Type": content_type, "Content-Length": str(len(body)), "Connection": "close"}
    return Response(200, "OK", Headers(headers), body)


def call(page: Page, **options: Any) -> None:
    """Open a channel in the page, with fast retries for tests."""
    page.evaluate(OPEN, {"after": 0, "timing": FAST | options.pop("timing", {}), **options})


def heard(page: Page, name: str) -> list[Any]:
    found: list[Any] = page.evaluate(
        "name => heard.filter(([each]) => each === name).map(([, detail]) => detail)", name
    )
    return found


def until_heard(page: Page, name: str, count: int = 1) -> list[Any]:
    page.wait_for_function(
        "([name, count]) => heard.filter(([each]) => each === name).length >= count",
        arg=[name, count],
        timeout=PATIENCE * 1000,
    )
    return heard(page, name)


def until(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=PATIENCE * 1000)
