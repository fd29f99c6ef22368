"""The event loop of a server: how it takes connections."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from autodoctor.core.event_loop import EagerLoop

MANY = 60


class Counted(asyncio.Protocol):
    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Counted.made += 1


@contextmanager
def waiting_at(port: int, count: int) -> Iterator[None]:
    """So many connections whose server has not turned to them yet."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        yield


async def turns_until_all_are_taken() -> int:
    Counted.made = turns = 0
    server = await asyncio.get_running_loop().create_server(Counted, "127.0.0.1", 0, backlog=MANY)
    with waiting_at(server.sockets[0].getsockname()[1], MANY):
        while Counted.made < MANY:
            await asyncio.sleep(0)
            turns += 1
    server.close()
    await server.wait_closed()
    return turns


async def listen_and_close() -> int:
    server = await asyncio.get_running_loop().create_server(Counted, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


def test_connections_that_wait_are_taken_together() -> None:
    with asyncio.Runner(loop_factory=EagerLoop) as runner:
        assert runner.run(turns_until_all_are_taken()) < MANY / 2


def test_a_closed_server_listens_no_more() -> None:
    with asyncio.Runner(loop_factory=EagerLoop) as runner:
        port = runner.run(listen_and_close())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
