"""Hands out the bytes behind a signed address, piece by piece; whoever has the address may have them."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from autodoctor.files import signing, store
from autodoctor.files.models import StoredFile

PIECE_BYTES = 256 * 1024
RWF_NOWAIT: int | None = getattr(os, "RWF_NOWAIT", None)  # Linux: fail rather than wait for the disk
RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")
# It is shown, heard or saved; it never loads, runs or frames anything.
POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


async def serve(request: HttpRequest, file_id: UUID, rendition: str) -> HttpResponse | StreamingHttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
    until, seal = request.GET.get("until", ""), request.GET.get("seal", "")
    if not signing.is_valid(file_id, rendition, until, seal, timezone.now()):
        raise PermissionDenied
    file = await StoredFile.objects.filter(pk=file_id, removed_at=None).afirst()
    key = signing.key_of(file, rendition) if file else ""
    if file is None or not key or not store.is_directory():
        raise Http404
    return await _answer(request, file, rendition, store.directory() / key)


vars(serve)["access"] = "anyone"  # the address itself is the permission


async def _answer(
    request: HttpRequest, file: StoredFile, rendition: str, path: Path
) -> HttpResponse | StreamingHttpResponse:
    try:
        descriptor = await sync_to_async(os.open, thread_sensitive=False)(path, os.O_RDONLY)
    except FileNotFoundError:
        raise Http404 from None
    size = os.fstat(descriptor).st_size
    first, last = _wanted(request.headers.get("Range", ""), size)
    headers = _headers(file, rendition)
    if first > last:
        os.close(descriptor)
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Length"] = str(last - first + 1)
    if is_part := (first, last) != (0, size - 1):
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if request.method == "HEAD":
        os.close(descriptor)
        return HttpResponse(headers=headers)
    return StreamingHttpResponse(_pieces(descriptor, first, last), status=206 if is_part else 200, headers=headers)


def _headers(file: StoredFile, rendition: str) -> dict[str, str]:
    return {
        "Content-Type": signing.type_of(file, rendition),
        "Content-Disposition": signing.disposition(file, rendition),
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={signing.STEP_SECONDS}",
    }


def _wanted(header: str, size: int) -> tuple[int, int]:
    """First and last byte; the first behind the last where there is nothing. Several ranges: the whole file."""
    asked = RANGE.fullmatch(header)
    if not asked or asked.groups() == ("", ""):
        return 0, size - 1
    first, last = asked.groups()
    if not first:  # the last so many
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


async def _pieces(descriptor: int, first: int, last: int) -> AsyncIterator[bytes]:
    """A piece at a time: a slow reader costs one piece of memory."""
    try:
        while first <= last and (piece := await _read(descriptor, min(PIECE_BYTES, last - first + 1), first)):
            yield piece
            first += len(piece)
    finally:
        os.close(descriptor)


async def _read(descriptor: int, count: int, at: int) -> bytes:
    """At once what the system holds in memory; what has to come from the disk beside the event loop."""
    piece = _in_memory(descriptor, count, at)
    return piece if piece is not None else await asyncio.to_thread(os.pread, descriptor, count, at)


def _in_memory(descriptor: int, count: int, at: int) -> bytes | None:
    if RWF_NOWAIT is None:
        return None
    piece = bytearray(count)
    try:
        got = os.preadv(descriptor, [piece], at, RWF_NOWAIT)
    except OSError:  # it is not, or the file system cannot tell
        return None
    return bytes(memoryview(piece)[:got])
