"""The line of a page: a script that comes late; the connection for messages and signals, to be cut and restored."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route, WebSocketRoute

from tests.kit.waiting import until

CUT = 3001  # the close code that a page receives when its connection is cut


class HeldLine:
    """What the server says over a page's socket, held back until `release`. Install it before the page is opened."""

    def __init__(self, page: Page) -> None:
        self._is_held = False
        self._kept: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(re.compile("/ws/sessions/"), self._opened)

    def hold(self) -> None:
        self._is_held = True

    def release(self) -> None:
        self._is_held = False
        for socket, message in self._kept:
            socket.send(message)
        self._kept.clear()

    def _opened(self, socket: WebSocketRoute) -> None:
        def said(message: str | bytes) -> None:
            if self._is_held:
                self._kept.append((socket, message))
            else:
                socket.send(message)

        socket.connect_to_server().on_message(said)


class Line:
    """Install it before the page is opened."""

    def __init__(self, page: Page) -> None:
        self._is_cut = False
        self._sockets: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("/ws/sessions/"), self._opened)

    def cut(self) -> None:
        self._is_cut = True
        while self._sockets:
            self._sockets.pop().close(code=CUT)

    def mend(self) -> None:
        self._is_cut = False

    def _opened(self, socket: WebSocketRoute) -> None:
        if self._is_cut:
            socket.close(code=CUT)
            return
        socket.connect_to_server()
        self._sockets.append(socket)


@contextmanager
def without_script(page: Page, name: str) -> Iterator[None]:
    """The page that is opened meanwhile can be used, but its script `name` comes only at the end."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    address = re.compile(rf"/{name}[-.\w]*\.js$")
    page.route(address, hold)
    yield
    until(lambda: page.evaluate("true") and bool(held))
    for route in held:
        route.continue_()
    page.unroute(address)
