"""A websocket client for many sockets on one core: it has to outrun the servers.

Text frames below 64 KB, nothing fragmented, and a masking key of zeros, so that what is masked need not be computed.
"""

import asyncio
import base64
import os
from typing import Any

HERE = "127.0.0.1"
ADDRESSES = 50  # of this machine, from which sockets come: each has its own ports


class Frames(asyncio.Protocol):
    """One socket: upgrades, and hands on frames. Its owner says what they mean."""

    def __init__(self, path: str, *, origin: str, key: str) -> None:
        self.transport: asyncio.Transport
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nCookie: __Host-sessionid={key}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        )
        self._data = b""
        self._upgraded = False

    def took(self, frame: bytes) -> None:
        """Take a text frame."""

    def refused(self, status: int) -> None:
        """The server answered the upgrade with another status than 101."""

    def closed(self, code: int) -> None:
        """The server said goodbye."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(f"{self._request}Sec-WebSocket-Key: {key}\r\n\r\n".encode())

    def send(self, text: bytes) -> None:
        self.transport.write(frame(text))

    def data_received(self, data: bytes) -> None:
        data = self._data + data if self._data else data
        if not self._upgraded:
            head, found, rest = data.partition(b"\r\n\r\n")
            if not found:
                self._data = data
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.refused(int(head[9:12]))
                return
            self._upgraded, data = True, rest
        self._data = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        """Take what is complete; returns the rest."""
        at, length = 0, len(data)
        while length - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                if length - at < 4:
                    break
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            if length < start + size:
                break
            self._frame(data[at] & 15, data[start : start + size])
            at = start + size
        return data[at:]

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == 1:
            self.took(payload)
        elif opcode == 9:
            self.transport.write(frame(payload, 10))
        elif opcode == 8:
            self.closed(int.from_bytes(payload[:2], "big"))


def frame(payload: bytes, opcode: int = 1) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((128 | opcode, 128 | size)) + b"\0\0\0\0" + payload
    return bytes((128 | opcode, 254)) + size.to_bytes(2, "big") + b"\0\0\0\0" + payload


async def connect(client: asyncio.BaseProtocol, port: int, number: int) -> None:
    """Connect from one of the addresses of this machine."""
    loop: Any = asyncio.get_running_loop()
    await loop.create_connection(lambda: client, HERE, port, local_addr=(f"127.0.0.{number % ADDRESSES + 1}", 0))
