"""uvicorn's HTTP with an end that loses no request: `uvicorn --http autodoctor.core.http_protocol:DrainingProtocol`."""

from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class DrainingProtocol(HttpToolsProtocol):
    """Told to end, it answers what comes by connections that are open, each for the last time.

    uvicorn closes idle connections at once, and with them what a proxy has just sent: it cannot know whether that was
    done, and sends it to no other process. Here a proxy closes first what it does not use.
    """

    _is_leaving = False

    def shutdown(self) -> None:
        self._is_leaving = True
        if under_way := self._under_way():
            under_way.keep_alive = False
        elif self.timeout_keep_alive_task is None:  # nothing was asked yet
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._is_leaving and (under_way := self._under_way()):
            under_way.keep_alive = False

    def handle_websocket_upgrade(self) -> None:
        """Take no new socket: without an answer the proxy asks another process."""
        if self._is_leaving:
            self.transport.close()
        else:
            super().handle_websocket_upgrade()

    def _under_way(self) -> RequestResponseCycle | None:
        """Return the request that is not answered yet."""
        last = cast("RequestResponseCycle | None", self.cycle)  # None until the first one
        return None if last is None or last.response_complete else last
