"""The connection for messages and signals of a page, to be cut and restored."""

import re

from playwright.sync_api import Page, WebSocketRoute

CUT = 3001  # the close code that a page receives when its connection is cut


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
