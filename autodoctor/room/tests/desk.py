"""The server's side of sharing files, played by a test."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, Route

SESSION = "11111111-1111-4111-8111-111111111111"
FILES = f"**/api/sessions/{SESSION}/files"


class Desk:
    """The server's side: takes every upload and answers on the test's command."""

    def __init__(self, page: Page) -> None:
        self.routes: list[Route] = []
        self._page = page
        page.route(FILES, self._keep)

    def _keep(self, route: Route) -> None:
        self.routes.append(route)

    def has(self, count: int) -> "Desk":
        while len(self.routes) < count:
            self._page.wait_for_timeout(20)
        return self

    def body(self, place: int) -> str:
        return (self.routes[place].request.post_data_buffer or b"").decode(errors="replace")

    def takes(self, place: int, **changes: Any) -> None:
        file = {"id": str(uuid4()), "name": f"file {place}", "kind": "text", "size": 6} | changes
        self.routes[place].fulfill(status=201, json=file)

    def refuses(self, place: int, status: int, **error: str) -> None:
        self.routes[place].fulfill(status=status, json=error)
