"""How large a request body may be and how long it may take, decided before Django reads a byte of it."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import orjson
from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPDisconnectEvent,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Scope,
)
from django.utils.translation import gettext as _

BODY_BYTES = 1024 * 1024
BODY_SECONDS = 30.0
# Other sizes for addresses that begin so, in bytes; the longest one that fits counts.
BODY_BYTES_BELOW: Mapping[str, int] = MappingProxyType({})
# A client that is still sending must get to read the refusal: it is heard out that long and that far.
LINGER_SECONDS = 5.0
LINGER_BYTES = 32 * 1024 * 1024
_GONE = HTTPDisconnectEvent(type="http.disconnect")


class BodyLimits:
    """Wraps an ASGI application: answers 413 and 408 itself, and the application never sees the rest."""

    def __init__(
        self,
        application: ASGI3Application,
        *,
        limit: int = BODY_BYTES,
        limits_below: Mapping[str, int] = BODY_BYTES_BELOW,
        seconds: float = BODY_SECONDS,
    ) -> None:
        self._application = application
        self._limit = limit
        self._limits_below = limits_below
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        exchange = _Exchange(receive, send, limit=self._limit_of(scope["path"]), seconds=self._seconds)
        if _declared(scope) > exchange.limit:
            exchange.refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            await self._application(scope, exchange.receive, exchange.send)
        if exchange.refusal is not None and not exchange.answered:
            await _refuse(scope, exchange.refusal, receive, send)

    def _limit_of(self, path: str) -> int:
        fitting = [prefix for prefix in self._limits_below if path.startswith(prefix)]
        return self._limits_below[max(fitting, key=len)] if fitting else self._limit


class _Exchange:
    """The body as the application reads it: cut off, as if the client had gone, where it breaks a limit."""

    def __init__(self, receive: ASGIReceiveCallable, send: ASGISendCallable, *, limit: int, seconds: float) -> None:
        self.limit = limit
        self.refusal: HTTPStatus | None = None
        self.answered = False
        self._receive = receive
        self._send = send
        self._until = asyncio.get_running_loop().time() + seconds
        self._read = 0
        self._complete = False

    async def receive(self) -> ASGIReceiveEvent:
        if self.refusal is not None:
            return _GONE
        if self._complete:  # from here on the application only listens for the client's going
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                return self._counted(await self._receive())
        except TimeoutError:
            self.refusal = HTTPStatus.REQUEST_TIMEOUT
            return _GONE

    async def send(self, event: ASGISendEvent) -> None:
        """What the application says to a client that it takes for gone is not passed on."""
        if self.refusal is None or self.answered:
            self.answered = True
            await self._send(event)

    def _counted(self, event: ASGIReceiveEvent) -> ASGIReceiveEvent:
        if event["type"] == "http.request":
            self._read += len(event.get("body", b""))
            self._complete = not event.get("more_body", False)
        if self._read > self.limit:
            self.refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return _GONE
        return event


def _declared(scope: HTTPScope) -> int:
    """The length that the client announces; 0 where it announces none, or nonsense."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(scope: HTTPScope, status: HTTPStatus, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    content, content_type = _words(scope["path"], status)
    headers = [
        (b"content-type", content_type),
        (b"content-length", str(len(content)).encode()),
        (b"connection", b"close"),
    ]
    await send(HTTPResponseStartEvent(type="http.response.start", status=status, headers=headers, trailers=False))
    await send(HTTPResponseBodyEvent(type="http.response.body", body=content, more_body=True))
    await _hear_out(receive)
    await send(HTTPResponseBodyEvent(type="http.response.body", body=b"", more_body=False))


async def _hear_out(receive: ASGIReceiveCallable) -> None:
    """Closing on a client that still sends would reset the connection before it has read the answer."""
    heard = 0
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while heard < LINGER_BYTES:
                event = await receive()
                if event["type"] != "http.request" or not event.get("more_body", False):
                    return
                heard += len(event["body"])
    except TimeoutError:
        return


def _words(path: str, status: HTTPStatus) -> tuple[bytes, bytes]:
    code, sentence = _sentence(status)
    if path.startswith("/api/"):
        return orjson.dumps({"error": code, "detail": sentence}), b"application/json"
    return sentence.encode(), b"text/plain; charset=utf-8"


def _sentence(status: HTTPStatus) -> tuple[str, str]:
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return "too_slow", _("What you sent took too long to arrive. Please try again.")
    return "too_large", _("What you sent is too large.")
