"""uvloop that takes all connections that wait: `uvicorn --loop autodoctor.core.event_loop:EagerLoop`."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvloop

MOST_AT_ONCE = 200  # connections; then everything else has its turn


class EagerLoop(uvloop.Loop):
    """libuv takes one connection a turn. When thousands come back to a busy process, whatever comes behind them, a
    webhook too, would wait for thousands of turns.
    """

    async def create_server(self, protocol_factory: Callable[[], Any], *args: Any, **kwargs: Any) -> Any:
        server = await super().create_server(protocol_factory, *args, **kwargs)
        return server if kwargs.get("ssl") else EagerServer(self, server, protocol_factory)


class EagerServer:
    """Listens beside libuv at the same sockets."""

    def __init__(self, loop: EagerLoop, server: Any, protocol_factory: Callable[[], Any]) -> None:
        self._loop = loop
        self._server = server
        self._protocol_factory = protocol_factory
        self._opening: set[asyncio.Task[None]] = set()
        self._listeners = [socket.socket(fileno=os.dup(each.fileno())) for each in server.sockets]
        for listener in self._listeners:
            listener.setblocking(False)
            loop.add_reader(listener, self._take, listener)

    @property
    def sockets(self) -> Any:
        return self._server.sockets

    def close(self) -> None:
        while self._listeners:
            listener = self._listeners.pop()
            self._loop.remove_reader(listener)
            listener.close()
        self._server.close()

    async def wait_closed(self) -> None:
        await self._server.wait_closed()

    def _take(self, listener: socket.socket) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                connection, _address = listener.accept()
            except OSError:  # there are no more, or no file is left for one: libuv sends those away
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._open(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the client has left first
            await self._loop.connect_accepted_socket(self._protocol_factory, connection)
