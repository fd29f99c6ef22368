"""Asks a server for pages and measures it: over one connection for the time of a page, over several for its rate."""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

WARM_UP = 3  # requests
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    key: str  # of the browser's session; empty for a visitor

    @property
    def headers(self) -> dict[str, str]:
        known = {"Host": "bench.example", "X-Forwarded-Proto": "https"}
        return known | ({"Cookie": f"__Host-sessionid={self.key}"} if self.key else {})


@dataclass(frozen=True)
class Server:
    """One revision with its database."""

    name: str
    pid: int
    port: int
    pages: list[Page]

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


@dataclass(frozen=True)
class Measured:
    """`ms` over one connection; `a_second` over several; `cpu_ms` of the server alone, a request."""

    ms: float
    a_second: float
    cpu_ms: float
    kilobytes: float


def measure(server: Server, page: Page, *, seconds: float, at_once: int) -> Measured:
    with _connection(server) as connection:
        for _ in range(WARM_UP):
            size = _get(connection, page)
        alone = list(_times(connection, page, seconds))
    before = server.cpu_seconds()
    begun = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        counts = list(pool.map(lambda _: _count(server, page, seconds), range(at_once)))
    took, spent = time.monotonic() - begun, server.cpu_seconds() - before
    total = sum(counts)
    return Measured(1000 * median(alone), total / took, 1000 * spent / total, size / 1000)


def _count(server: Server, page: Page, seconds: float) -> int:
    with _connection(server) as connection:
        return sum(1 for _ in _times(connection, page, seconds))


def _times(connection: HTTPConnection, page: Page, seconds: float) -> Iterator[float]:
    """Yield the seconds of each request, at least one."""
    end = time.monotonic() + seconds
    while True:
        begun = time.monotonic()
        _get(connection, page)
        yield time.monotonic() - begun
        if time.monotonic() >= end:
            return


@contextmanager
def _connection(server: Server) -> Iterator[HTTPConnection]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def _get(connection: HTTPConnection, page: Page) -> int:
    connection.request("GET", page.path, headers=page.headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        sys.exit(f"{page.name}: {answer.status} {answer.headers.get('Location', '')} {body[:200]!r}")
    return len(body)
