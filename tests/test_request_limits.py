"""Limits of request bodies, over real connections to a real server."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from types import MappingProxyType
from uuid import uuid4

import httpx
import pytest
import uvicorn
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from autodoctor.core.request_limits import FILE_BYTES, FORM_BYTES, LIMITS, BodyLimits, Limit
from tests.kit.ports import free_port
from tests.kit.server import PLAIN

LIMIT = 100_000
SECONDS = 0.5
USUAL = Limit(octets=LIMIT, seconds=SECONDS, grace=SECONDS)
LARGER = Limit(octets=3 * LIMIT, seconds=60, grace=SECONDS, pace=20_000.0, file_megabytes=10)


async def counts(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers how many bytes reached it; like Django it gives up when the client is gone."""
    read = 0
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return
        read += len(event["body"])
        if not event["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": False})
    await send({"type": "http.response.body", "body": str(read).encode(), "more_body": False})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    port = free_port()
    limits = MappingProxyType({re.compile("/api/files/[0-9]"): LARGER})
    application = BodyLimits(counts, usual=USUAL, limits=limits)
    server = uvicorn.Server(uvicorn.Config(application, port=port, lifespan="off", log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def in_pieces(total: int) -> Iterator[bytes]:
    """Sent chunked, without a declared length."""
    for _ in range(total // 1000):
        yield b"x" * 1000


def test_a_body_within_the_limit_arrives_whole(address: str) -> None:
    assert httpx.post(f"{address}/book/", content=b"x" * LIMIT, **PLAIN).text == str(LIMIT)
    assert httpx.post(f"{address}/book/", content=in_pieces(LIMIT), **PLAIN).text == str(LIMIT)


@pytest.mark.parametrize("size", [LIMIT + 1, 100 * LIMIT])
def test_a_declared_length_over_the_limit_is_refused(address: str, size: int) -> None:
    answer = httpx.post(f"{address}/book/", content=b"x" * size, **PLAIN)
    assert answer.status_code == 413
    assert answer.text == "The upload is too large."


def test_a_declared_length_is_refused_before_the_body_is_sent(address: str) -> None:
    answer = raw(address, b"POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_body_without_a_declared_length_is_counted(address: str) -> None:
    answer = httpx.post(f"{address}/api/sessions", content=in_pieces(20 * LIMIT), **PLAIN)
    assert answer.status_code == 413
    assert answer.json() == {"error": "too_large", "detail": "The upload is too large."}


def test_an_address_may_have_a_limit_of_its_own(address: str) -> None:
    assert httpx.post(f"{address}/api/files/1", content=b"x" * 3 * LIMIT, **PLAIN).text == str(3 * LIMIT)
    refused = httpx.post(f"{address}/api/files/1", content=b"x" * 4 * LIMIT, **PLAIN)
    assert refused.status_code == 413
    assert refused.json() == {"error": "too_large", "detail": "This file is too large. The limit is 10 MB."}
    assert httpx.post(f"{address}/api/files/1/2", content=b"x" * 2 * LIMIT, **PLAIN).status_code == 413


def test_the_address_of_uploads_takes_a_file_of_ten_megabytes() -> None:
    (limit,) = (limit for pattern, limit in LIMITS.items() if pattern.fullmatch(f"/api/sessions/{uuid4()}/files"))
    assert limit.octets == FILE_BYTES + FORM_BYTES
    assert not any(pattern.fullmatch(f"/api/sessions/{uuid4()}/files/x") for pattern in LIMITS)


def test_a_slow_upload_gets_more_time_for_what_it_sends(address: str) -> None:
    """The sender is slower than the plain time limit allows, and faster than the minimum pace."""

    def slowly() -> Iterator[bytes]:
        for _ in range(8):
            yield b"x" * 5_000
            time.sleep(SECONDS / 4)

    assert httpx.post(f"{address}/api/files/1", content=slowly(), **PLAIN).text == "40000"


def test_a_body_that_arrives_too_slowly_is_cut_off(address: str) -> None:
    answer = raw(address, b"POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nonly this")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["error"] == "too_slow"


def test_a_client_that_leaves_in_the_middle_harms_nobody(address: str) -> None:
    connection = connect(address)
    connection.sendall(b"POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nonly this")
    connection.close()
    assert httpx.post(f"{address}/book/", content=b"x", **PLAIN).text == "1"


def raw(address: str, request: bytes) -> bytes:
    """Send exactly these bytes; read until the server closes, or to the end of its answer."""
    with connect(address) as connection:
        connection.sendall(request)
        answer = b""
        while not _is_whole(answer) and (piece := connection.recv(65536)):
            answer += piece
    return answer


def connect(address: str) -> socket.socket:
    host, _, port = address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end) and len(body) >= int(lengths[0].split(b":")[1])
