"""uvicorn's websocket with what ASGI has no words for: hang up on a reader that stopped, and say 1001 when stopping."""

from typing import Any, cast

from uvicorn._types import WebSocketDisconnectEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

GOING_AWAY = 1001
SILENT_SECONDS = "autodoctor.silent_seconds"  # in the disconnect event, when the client had stopped answering
HANG_UP = "autodoctor.hang_up"  # the ASGI extension: a function that drops the connection at once


class Wire(WebSocketsSansIOProtocol):
    async def run_asgi(self) -> None:
        cast(dict[str, Any], self.scope["extensions"])[HANG_UP] = self.transport.abort
        await super().run_asgi()

    def keepalive_timeout(self) -> None:
        """Nobody answers there: what is still buffered would hold the connection open for ever."""
        gone = {"type": "websocket.disconnect", "code": 1006, SILENT_SECONDS: self.loop.time() - self.ping_sent_at}
        self.queue.put_nowait(cast(WebSocketDisconnectEvent, gone))
        super().keepalive_timeout()
        self.transport.abort()

    def shutdown(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.stop_keepalive()
            self.queue.put_nowait({"type": "websocket.disconnect", "code": GOING_AWAY})
            self.conn.send_close(GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        super().shutdown()
