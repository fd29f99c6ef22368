"""Receive uploads in front of Django: the file is written to the disk while it arrives, and handled afterwards.

Django would read the whole body into one temporary file, copy it into another, and keep a thread and a database
connection meanwhile. Here a slow phone costs a socket and half a megabyte.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
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
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from multipart import parse_options_header

from autodoctor.core.asgi import header_of
from autodoctor.core.request_limits import UPLOAD
from autodoctor.files import errors, storage
from autodoctor.files.multipart_stream import Form, MultipartStream, SpooledFile

AT_ONCE = 8  # uploads of one person; browsers keep to six
PIECE_BYTES = 256 * 1024
Admits = Callable[[HTTPScope], Awaitable[UUID | None]]


class StreamingUpload:
    """Wraps Django at the address of uploads. `admits` returns the uploader; None if they may not upload there.

    The body of an unauthorized upload is read and discarded, and Django then answers.
    """

    def __init__(self, application: ASGI3Application, admits: Admits) -> None:
        self._application = application
        self._admits = admits
        self._under_way: Counter[UUID] = Counter()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        boundary = _boundary(scope) if scope["type"] == "http" else ""
        if scope["type"] != "http" or not boundary:
            await self._application(scope, receive, send)
            return
        async with self._form(scope, receive, boundary) as form:
            if form is not None:
                with_form: Any = {**scope, "form": form}
                await self._application(with_form, _after_the_body(receive), send)

    @asynccontextmanager
    async def _form(self, scope: HTTPScope, receive: ASGIReceiveCallable, boundary: str) -> AsyncIterator[Form | None]:
        """Yield the form once it has arrived; None if the client left early. Its file is deleted afterwards unless
        stored.
        """
        path = storage.incoming() / f"upload-{uuid4().hex}"
        taking = MultipartStream(boundary, path)
        sender = await self._admits(scope)
        if sender is None:
            taking.form.problem = NotAdmitted()
            taking.form.file = SpooledFile(path, name="file", content_type="")  # an empty file in its place
        elif self._under_way[sender] >= AT_ONCE:
            taking.form.problem = errors.too_many_at_once()
        key = sender or NOBODY
        self._under_way[key] += 1
        try:
            yield await taking.all(receive)
        finally:
            self._under_way[key] -= 1
            if self._under_way[key] <= 0:
                del self._under_way[key]
            if taking.form.file:
                await asyncio.to_thread(taking.form.file.forget)


NOBODY = UUID(int=0)


class NotAdmitted(Exception):
    """The person may not upload here. Nothing was stored; the view answers."""


class UploadRequest(ASGIRequest):
    """A request with the received form."""

    def _load_post_and_files(self) -> None:
        form: Form | None = self.scope.get("form")
        if form is None:
            super()._load_post_and_files()
            return
        self._post = QueryDict(mutable=True)
        self._files: MultiValueDict[str, Any] = MultiValueDict()
        if form.problem and not isinstance(form.problem, NotAdmitted):
            raise form.problem
        self._post.update(form.fields)
        if form.file:
            self._files["file"] = form.file


class UploadHandler(ASGIHandler):
    request_class = UploadRequest
    chunk_size = PIECE_BYTES


def _boundary(scope: HTTPScope) -> str:
    """Return the form's boundary; empty for anything but an upload form."""
    if scope["method"] != "POST" or not UPLOAD.fullmatch(scope["path"]):
        return ""
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
