"""A TCP tunnel to a server that can stop forwarding without closing its connections."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 64 * 1024  # bytes


class Tunnel:
    """Forwards both directions until `swallow()`; then drops all data, with the connections open, until `forward()`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open = threading.Event()
        self._open.set()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        self._open.clear()

    def forward(self) -> None:
        self._open.set()

    def close(self) -> None:
        for end in [self._listener, *self._ends]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._ends += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if self._open.is_set():
                    target.sendall(data)
            if self._open.is_set():
                target.shutdown(socket.SHUT_WR)


@contextmanager
def tunnel(port: int) -> Iterator[Tunnel]:
    opened = Tunnel(port)
    try:
        yield opened
    finally:
        opened.close()
