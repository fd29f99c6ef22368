"""Serve static files in front of Django: they need no session, no person and no middleware."""

import asyncio
import re
from wsgiref.headers import Headers

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.security import SecurityMiddleware
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import Redirect, StaticFile

from autodoctor.core.asgi import send_head, send_piece

BUNDLED = re.compile(r"/bundles/.+-[0-9A-Z]{8}\.js(\.map)?$")


class StaticFiles:
    """Wraps an ASGI application: serves static files, passes everything else on.

    ServeStatic knows the files and headers. It would open a thread per file; ours are small, and a pooled thread takes
    half the time.
    """

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application
        self._files = _Files(_never_asked)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http" and scope["path"].startswith(settings.STATIC_URL):
            found = await self._find(scope["path"])
            if found:
                await _answer(found, scope, send)
                return
        await self._application(scope, receive, send)

    async def _find(self, path: str) -> StaticFile | Redirect | None:
        if self._files.autorefresh:  # looks at the disk
            return await asyncio.to_thread(self._files.find_file, path)
        return self._files.files.get(path)


class _Files(ServeStaticMiddleware):  # type: ignore[misc]  # it has no types
    def immutable_file_test(self, path: str, url: str) -> bool:
        """Return whether the name has a hash: bundles from the start, other files since collectstatic."""
        return bool(BUNDLED.search(url)) or super().immutable_file_test(path, url)


def add_headers(headers: Headers, path: str, url: str) -> None:
    """Add the headers that SecurityMiddleware adds to other answers."""
    answer = HttpResponse()
    del answer["Content-Type"]
    for name, value in SecurityMiddleware(_never_asked).process_response(_OverHttps(), answer).items():
        headers[name] = value


class _OverHttps(HttpRequest):
    """Headers are made once for all requests; browsers ignore HTTPS headers over plain HTTP."""

    def _get_scheme(self) -> str:
        return "https"


async def _answer(found: StaticFile | Redirect, scope: HTTPScope, send: ASGISendCallable) -> None:
    status, headers, body = await asyncio.to_thread(_read, found, scope)
    await send_head(send, status, headers)
    await send_piece(send, body, is_last=True)


def _read(found: StaticFile | Redirect, scope: HTTPScope) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body; a part of the file if requested, no body if unchanged."""
    asked = {
        "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
        for name, value in scope["headers"]
    }
    response = found.get_response(scope["method"], asked | {"QUERY_STRING": scope["query_string"].decode("latin-1")})
    headers = [(name, value) for name, value in response.headers if value]
    if response.file is None:
        return int(response.status), headers, b""
    with response.file as file:
        return int(response.status), headers, file.read()


async def _never_asked(request: HttpRequest) -> HttpResponseBase:
    raise AssertionError("only files are asked for")
