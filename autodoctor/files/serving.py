"""Serve the bytes of a signed address, in pieces, in whole or in part."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl
from uuid import UUID

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)
from django.utils import timezone

from autodoctor.core import acting
from autodoctor.core.asgi import header_of, send_head, send_piece
from autodoctor.core.parsing import parse_uuid
from autodoctor.files import signed_urls, storage
from autodoctor.files.models import StoredFile

PIECE_BYTES = 256 * 1024
RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")
PATH = re.compile(r"/files/([0-9a-f-]{36})/([a-z]+)/")
# A served file can be shown, played or saved; it cannot load, run or frame anything.
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
RWF_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)  # Linux: fail rather than wait for the disk
Read = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Delivery:
    """An answer and its open file; bytes `first` to `last`. Closed by `pieces`, or by `close`."""

    status: int
    headers: dict[str, str]
    descriptor: int
    first: int
    last: int

    def close(self) -> None:
        os.close(self.descriptor)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the pieces. A slow reader costs the memory of one piece."""
        at = self.first
        try:
            while at <= self.last and (piece := await _read(self.descriptor, min(PIECE_BYTES, self.last - at + 1), at)):
                yield piece
                at += len(piece)
        finally:
            self.close()


class ServeFiles:
    """Wraps Django: serves valid signed addresses itself, passes everything else on.

    `read` runs a query beside the event loop.
    """

    def __init__(self, application: ASGI3Application, read: Read) -> None:
        self._application = application
        self._read = read

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        asked = PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        delivery = await self._deliver(scope, *asked.groups()) if asked and scope["type"] == "http" else None
        if delivery is None:
            await self._application(scope, receive, send)
        else:
            await _send(delivery, send)

    async def _deliver(self, scope: HTTPScope, file_id: str, rendition: str) -> Delivery | None:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        delivery: Delivery | None = await self._read(_find, file_id, rendition, query, header_of(scope, b"range"))
        return delivery


def _find(file_id: str, rendition: str, query: dict[str, str], asked_range: str) -> Delivery | None:
    id_ = parse_uuid(file_id)
    if id_ and signed_urls.is_valid(id_, rendition, query.get("until", ""), query.get("seal", ""), timezone.now()):
        return deliver(id_, rendition, asked_range)
    return None


async def _send(delivery: Delivery, send: ASGISendCallable) -> None:
    await send_head(send, delivery.status, delivery.headers.items())
    async for piece in delivery.pieces():
        await send_piece(send, piece, is_last=False)
    await send_piece(send, b"", is_last=True)


@acting.system
def deliver(file_id: UUID, rendition: str, asked_range: str) -> Delivery | None:
    """Return the file in this form, if it exists and we serve it. The caller has checked the address."""
    file = StoredFile.objects.filter(pk=file_id, removed_at=None).first()
    key = signed_urls.key_of(file, rendition) if file else ""
    if file is None or not key or not storage.is_directory():
        return None
    try:
        descriptor = os.open(storage.directory() / key, os.O_RDONLY)
    except FileNotFoundError:
        return None
    size = os.fstat(descriptor).st_size
    first, last = _wanted(asked_range, size)
    status, about = _extent(first, last, size)
    return Delivery(status, _headers(file, rendition) | about, descriptor, first, last)


def _headers(file: StoredFile, rendition: str) -> dict[str, str]:
    return {
        "Content-Type": signed_urls.type_of(file, rendition),
        "Content-Disposition": signed_urls.disposition(file, rendition),
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={signed_urls.STEP_SECONDS}",
    }


def _extent(first: int, last: int, size: int) -> tuple[int, dict[str, str]]:
    """Return the status, and the headers about the byte range."""
    if first > last:
        return 416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
    length = {"Content-Length": str(last - first + 1)}
    if (first, last) == (0, size - 1):
        return 200, length
    return 206, length | {"Content-Range": f"bytes {first}-{last}/{size}"}


def _wanted(header: str, size: int) -> tuple[int, int]:
    """Return the first and last byte; first > last for an empty file. Several ranges: the whole file."""
    asked = RANGE.fullmatch(header)
    if not asked or asked.groups() == ("", ""):
        return 0, size - 1
    first, last = asked.groups()
    if not first:  # the last so many
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


async def _read(descriptor: int, count: int, at: int) -> bytes:
    """Read cached bytes at once; read from the disk beside the event loop."""
    piece = _in_memory(descriptor, count, at)
    return piece if piece is not None else await asyncio.to_thread(os.pread, descriptor, count, at)


def _in_memory(descriptor: int, count: int, at: int) -> bytes | None:
    """Return the content as a `bytearray`: `bytes` would be another copy. The caller does not change it."""
    if RWF_NOWAIT is None:
        return None
    piece = bytearray(count)
    try:
        got = os.preadv(descriptor, [piece], at, RWF_NOWAIT)
    except OSError:  # not in the page cache, or the file system cannot tell
        return None
    del piece[got:]
    return cast(bytes, piece)
