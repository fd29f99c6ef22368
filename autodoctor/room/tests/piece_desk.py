"""The server's side of a file that comes in pieces, played by a test: it can lose lines and answers."""

import json
from typing import Any

from playwright.sync_api import BrowserContext, Route

from autodoctor.room.tests.desk import FILES, SESSION

UPLOADS = f"**/api/sessions/{SESSION}/uploads**"


class PieceDesk:
    """Keeps what arrives. `next_piece`: what becomes of the next ones: `taken`, or in the middle `cut`; the answer
    `lost`; `held` until the test says more; else the code of a refusal.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.begun: list[dict[str, Any]] = []
        self.content = b""
        self.places: list[int] = []
        self.next_piece: list[str] = []
        self.shared = 0
        self.dropped = 0
        self.held: list[Route] = []
        context.route(UPLOADS, self._asked)
        context.route(FILES, self._whole)

    def _asked(self, route: Route) -> None:
        match route.request.method:
            case "POST":
                self.begun.append(json.loads(route.request.post_data or ""))
                self._answer(route, 201)
            case "PATCH":
                self._piece(route, self.next_piece.pop(0) if self.next_piece else "taken")
            case _:
                self.dropped += 1
                route.fulfill(status=204)

    def _whole(self, route: Route) -> None:
        """A file small enough for one request."""
        self.content, self.shared = route.request.post_data_buffer or b"", self.shared + 1
        route.fulfill(status=201, json={"id": "f", "name": "a small file", "kind": "video", "size": len(self.content)})

    def _piece(self, route: Route, what: str) -> None:
        body, start = route.request.post_data_buffer or b"", int(route.request.headers["upload-offset"])
        self.places.append(start)
        if what == "held":
            self.held.append(route)
        elif start != len(self.content):
            route.fulfill(status=409, json={"error": "wrong_offset", "detail": "Elsewhere."})
        elif what in {"taken", "cut", "lost"}:
            self.content += body[: len(body) // 2] if what == "cut" else body
            self.shared += len(self.content) == self.begun[-1]["size"]
            if what == "taken":
                self._answer(route, 200)
            else:
                route.abort()
        else:
            route.fulfill(status=503 if what == "busy" else 409, json={"error": what, "detail": f"It is {what}."})

    def _answer(self, route: Route, status: int) -> None:
        size = self.begun[-1]["size"]
        is_whole = len(self.content) == size
        file = {"id": "f", "name": self.begun[-1]["name"], "kind": "video", "size": size} if is_whole else None
        place = {"id": None if is_whole else "u", "offset": len(self.content), "size": size, "most_bytes": 4_000_000}
        route.fulfill(status=status, json=place | {"file": file})
