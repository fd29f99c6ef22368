"""One HTTP call with a bound on the whole of it.

The timeouts of `requests` begin anew with each byte: a service that sends one every few seconds would hold its caller
for ever. Here the connection is cut when the time is over.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_of_this_thread = threading.local()


def post(address: str, content: bytes, headers: dict[str, str], *, connect: float, total: float) -> tuple[int, str]:
    """Return the status and `Retry-After` of the answer, of which only the head is read. Redirects are not followed.

    `connect` and `total` in seconds. Raises `TimeoutError` without an answer in time, `requests.RequestException` else.
    """
    with requests.Session() as session, _cut_after(total) as cut:
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter())
        try:
            with session.post(
                address, data=content, headers=headers, timeout=(connect, total), allow_redirects=False, stream=True
            ) as answer:
                if cut.is_set():  # a head that is cut off looks like a whole one
                    raise TimeoutError
                return answer.status_code, answer.headers.get("Retry-After", "")
        except requests.RequestException as error:
            if cut.is_set() or isinstance(error, requests.Timeout):
                raise TimeoutError from error
            raise


@contextmanager
def _cut_after(seconds: float) -> Iterator[threading.Event]:
    """Cut the connections that this thread opens inside, once the time is over. Yields whether that happened."""
    opened: list[socket.socket] = []
    cut = threading.Event()

    def cut_now() -> None:
        cut.set()
        for one in opened:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    _of_this_thread.opened = opened
    timer = threading.Timer(seconds, cut_now)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
        _of_this_thread.opened = []


def _note(connection: HTTPConnection) -> None:
    if connection.sock is not None:
        _of_this_thread.opened.append(connection.sock)


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _note(self)


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _note(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
