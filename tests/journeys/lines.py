"""The connection for messages and signals of a page, to be cut and restored."""

import re

from playwright.sync_api import Page, WebSocketRoute

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
