"""Receive uploads in front of Django: files are written to the disk while they arrive, and handled afterwards.

Django would read the whole body into one temporary file, copy it into another, and keep a thread and a database
connection meanwhile. Here a slow phone costs a socket and half a megabyte.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    HTTPRequestEvent,
    HTTPScope,
    Scope,
)
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import QueryDict, parse_cookie
from django.utils.datastructures import MultiValueDict
from multipart import parse_options_header

from autodoctor.core.asgi import header_of
from autodoctor.core.request_threads import RequestThreads
from autodoctor.files import errors, storage
from autodoctor.files.multipart_stream import FILE_FIELD, Form, MultipartStream, Shape

AT_ONCE = 8  # uploads of one person; browsers keep to six
PIECE_BYTES = 256 * 1024
KEY_LENGTH = 40  # of a browser's session, at most
Sender = Callable[[str, str], UUID | None]
Read = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class Gate:
    """Who may upload at addresses that match. `sender`: from the key of the browser's session and the path to whom the
    upload counts for; None if they may not.
    """

    address: re.Pattern[str]
    sender: Sender
    shape: Shape = field(default_factory=Shape)


class StreamingUpload:
    """Wraps Django at the addresses of uploads. `read` runs a query beside the event loop.

    Of an unauthorized upload only the fields are kept, and Django then answers.
    """

    def __init__(self, application: ASGI3Application, read: Read, gates: Sequence[Gate]) -> None:
        self._application = application
        self._read = read
        self._gates = gates
        self._under_way: Counter[UUID] = Counter()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        found = self._gate(scope) if scope["type"] == "http" else None
        boundary = _boundary(scope) if found and scope["type"] == "http" else ""
        if scope["type"] != "http" or found is None or not boundary:
            await self._application(scope, receive, send)
            return
        async with self._form(scope, receive, found, boundary) as form:
            if form is not None:
                with_form: Any = {**scope, "form": form}
                await self._application(with_form, _after_the_body(receive), send)

    def _gate(self, scope: HTTPScope) -> Gate | None:
        gates = self._gates if scope["method"] == "POST" else ()
        return next((gate for gate in gates if gate.address.fullmatch(scope["path"])), None)

    @asynccontextmanager
    async def _form(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, gate: Gate, boundary: str
    ) -> AsyncIterator[Form | None]:
        """Yield the form once it has arrived; None if the client left early. Its files are deleted afterwards unless
        stored.
        """
        sender = await self._sender(scope, gate)
        refused = None if sender else errors.unavailable()
        taking = MultipartStream(boundary, _new_path, gate.shape, refused)
        if sender and self._under_way[sender] >= AT_ONCE:
            taking.form.problem = errors.too_many_at_once()
        key = sender or NOBODY
        self._under_way[key] += 1
        try:
            yield await taking.all(receive)
        finally:
            self._under_way[key] -= 1
            if self._under_way[key] <= 0:
                del self._under_way[key]
            for file in taking.form.files:
                if file.is_left:
                    await asyncio.to_thread(file.forget)

    async def _sender(self, scope: HTTPScope, gate: Gate) -> UUID | None:
        key = parse_cookie(header_of(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME, "")
        return await self._read(gate.sender, key, scope["path"]) if 0 < len(key) <= KEY_LENGTH else None


NOBODY = UUID(int=0)


class UploadRequest(ASGIRequest):
    """A request with the received form."""

    def _load_post_and_files(self) -> None:
        form: Form | None = self.scope.get("form")
        if form is None:
            super()._load_post_and_files()
            return
        self._post = QueryDict(mutable=True)
        self._files: MultiValueDict[str, Any] = MultiValueDict()
        if form.problem:
            raise form.problem
        self._post.update(form.fields)
        self._files.setlist(FILE_FIELD, list(form.files))


class UploadHandler(ASGIHandler):
    request_class = UploadRequest
    chunk_size = PIECE_BYTES

    def __init__(self) -> None:
        super().__init__()
        self._threads = RequestThreads()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with self._threads.one():
            await self.handle(scope, receive, send)


def _new_path() -> Path:
    return storage.incoming() / f"upload-{uuid4().hex}"


def _boundary(scope: HTTPScope) -> str:
    """Return the form's boundary; empty for a form without files."""
    content_type, options = parse_options_header(header_of(scope, b"content-type"))
    return options.get("boundary", "") if content_type == "multipart/form-data" else ""


def _after_the_body(receive: ASGIReceiveCallable) -> ASGIReceiveCallable:
    """The body is already read: return an empty body, then wait for a disconnect."""
    told = False

    async def receive_afterwards() -> ASGIReceiveEvent:
        nonlocal told
        if told:
            return await receive()
        told = True
        return HTTPRequestEvent(type="http.request", body=b"", more_body=False)

    return receive_afterwards
