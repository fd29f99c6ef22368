"""Receive uploads in front of Django: files, and pieces of files, are written to the disk while they arrive, and
handled afterwards.

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

from asgiref.sync import sync_to_async
from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPRequestEvent,
    HTTPScope,
    Scope,
)
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest, QueryDict, parse_cookie
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from multipart import parse_options_header

from autodoctor.core import credentials
from autodoctor.core.asgi import header_of
from autodoctor.core.request_threads import RequestThreads
from autodoctor.files import errors, storage
from autodoctor.files.multipart_stream import FILE_FIELD, Form, MultipartStream, Shape
from autodoctor.files.piece_stream import PieceStream

# Uploads of one person: browsers keep to six, and the six before them may be answered and not yet over here.
AT_ONCE = 12
PIECE_BYTES = 256 * 1024
Sender = Callable[[str, str], UUID | None]
Read = Callable[..., Awaitable[Any]]
Stream = MultipartStream | PieceStream  # what is made of a body while it arrives


@dataclass(frozen=True)
class Gate:
    """Who may upload at addresses that match. `sender`: from what the browser's cookies show and the path to whom the
    upload counts for; None if they may not. With a `shape` forms come, else pieces of files.
    """

    address: re.Pattern[str]
    sender: Sender
    shape: Shape | None = field(default_factory=Shape)

    def matches(self, scope: HTTPScope) -> bool:
        comes = scope["method"] == "PATCH" if self.shape is None else scope["method"] == "POST" and _boundary(scope)
        return bool(comes) and self.address.fullmatch(scope["path"]) is not None

    def stream(self, scope: HTTPScope, refused: Exception | None) -> Stream:
        if self.shape is None:
            return PieceStream(_new_path(), refused)
        return MultipartStream(_boundary(scope), _new_path, self.shape, refused)


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
        if scope["type"] != "http" or found is None:
            await self._application(scope, receive, send)
            return
        async with self._taken(scope, receive, found) as stream:
            if stream.is_of_use:
                taken: Any = {**scope, **_found_in(stream)}
                await self._application(
                    taken, _after_the_body(_never if stream.is_cut else receive), _nowhere if stream.is_cut else send
                )

    def _gate(self, scope: HTTPScope) -> Gate | None:
        return next((gate for gate in self._gates if gate.matches(scope)), None)

    @asynccontextmanager
    async def _taken(self, scope: HTTPScope, receive: ASGIReceiveCallable, gate: Gate) -> AsyncIterator[Stream]:
        """Yield the body once it has arrived, or what came before the client left. Its files are deleted afterwards
        unless stored.
        """
        sender = await self._sender(scope, gate)
        stream = gate.stream(scope, None if sender else errors.unavailable())
        if sender and self._under_way[sender] >= AT_ONCE:
            stream.refuse(errors.too_many_at_once())
        key = sender or NOBODY
        self._under_way[key] += 1
        try:
            await stream.take_all(receive)
            yield stream
        finally:
            self._under_way[key] -= 1
            if self._under_way[key] <= 0:
                del self._under_way[key]
            for file in stream.files:
                if file.is_left:
                    await asyncio.to_thread(file.forget)

    async def _sender(self, scope: HTTPScope, gate: Gate) -> UUID | None:
        shown = credentials.shown(parse_cookie(header_of(scope, b"cookie")))
        return await self._read(gate.sender, shown, scope["path"]) if shown else None


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

    def load_middleware(self, is_async: bool = False) -> None:
        """Load all of it as it is written, synchronous: none then goes to the event loop and back for the view."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response)(request)


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


def _found_in(stream: Stream) -> dict[str, Any]:
    """Return what Django finds in the request's scope."""
    return {"piece": stream} if isinstance(stream, PieceStream) else {"form": stream.form}


async def _never() -> ASGIReceiveEvent:
    """The client has gone, and what it sent is handled all the same: Django would drop it."""
    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]


async def _nowhere(event: ASGISendEvent) -> None:
    """Nobody reads the answer."""
