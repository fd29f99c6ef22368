"""Limits of request bodies in size and time, applied before anybody reads a byte."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
    HTTPScope,
    Scope,
)
from django.utils.translation import gettext as _

from autodoctor.core.asgi import header_of, send_head, send_piece

FILE_MEGABYTES = 10
FILE_BYTES = FILE_MEGABYTES * 1024 * 1024
FORM_BYTES = 64 * 1024  # around the files: boundaries, names, words
HELP_FILES = 10  # of one message to support
PIECE_BYTES = 4 * 1024 * 1024
FRAME_BYTES = 256 * 1024  # one picture of a camera, on which a barcode is looked for
VOICE_BYTES = (
    384 * 1024
)  # some seconds of one microphone: browsers that do not keep to our bit rate send 24 KB a second


@dataclass(frozen=True)
class Limit:
    """`octets`: of the whole body. `seconds`: at most, at any speed.

    Everybody gets `grace` seconds; each further second needs `pace` bytes: a slow phone may take long, a dripping
    client may not.
    """

    octets: int = 1024 * 1024
    seconds: float = 30.0
    grace: float = 30.0
    pace: float = 8 * 1024.0
    file_megabytes: int = 0  # paths of uploads: the limit that the pages state


USUAL = Limit()
UPLOAD = re.compile(r"/api/sessions/[0-9a-f-]{36}/files")
PIECE = re.compile(r"/api/sessions/[0-9a-f-]{36}/uploads/[0-9a-f-]{36}")  # of a file that comes in several
# Words to support with their files: a new question, more of it, and within a session.
QUESTION_FORM = re.compile(r"/help/")
CONVERSATION_FORM = re.compile(r"/help/[0-9a-f-]{36}/")
SESSION_HELP_FORM = re.compile(r"/sessions/[0-9a-f-]{36}/help/")
INBOUND_MAIL = re.compile(r"/mail/inbound/postmark/")  # with attachments in base64: Postmark takes mails of 35 MB
MEASUREMENT = re.compile(r"/api/check/upload")  # open to everybody: no more than it takes to know how fast it came
VIN = re.compile(r"/api/vin")  # open to everybody: frames of a camera, cut to the barcode
VOICE = re.compile(r"/api/sessions/[0-9a-f-]{36}/voice")
HELP_LIMIT = Limit(octets=HELP_FILES * FILE_BYTES + FORM_BYTES, seconds=600.0)
LIMITS: Mapping[re.Pattern[str], Limit] = MappingProxyType(
    {
        UPLOAD: Limit(octets=FILE_BYTES + FORM_BYTES, seconds=600.0, file_megabytes=FILE_MEGABYTES),
        PIECE: Limit(octets=PIECE_BYTES, seconds=600.0),
        QUESTION_FORM: HELP_LIMIT,
        CONVERSATION_FORM: HELP_LIMIT,
        SESSION_HELP_FORM: HELP_LIMIT,
        INBOUND_MAIL: Limit(octets=48 * 1024 * 1024, seconds=60.0),
        MEASUREMENT: Limit(octets=256 * 1024, seconds=15.0, grace=15.0),
        VOICE: Limit(octets=VOICE_BYTES + 4 * 1024),
        VIN: Limit(octets=FRAME_BYTES + 4 * 1024, seconds=15.0, grace=15.0),
    }
)
# A client reads the refusal only after its body is sent: the server reads on, within these limits.
LINGER_SECONDS = 5.0
LINGER_BYTES = 32 * 1024 * 1024
_GONE = HTTPDisconnectEvent(type="http.disconnect")


class BodyLimits:
    """Wraps an ASGI application: answers 413 and 408 itself, and the application never sees the rest.

    `limits`: for addresses that match completely; `usual` for all others.
    """

    def __init__(
        self,
        application: ASGI3Application,
        *,
        usual: Limit = USUAL,
        limits: Mapping[re.Pattern[str], Limit] = LIMITS,
    ) -> None:
        self._application = application
        self._usual = usual
        self._limits = limits

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        exchange = _Exchange(receive, send, limit)
        if _declared(scope) > limit.octets:
            exchange.refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            await self._application(scope, exchange.receive, exchange.send)
        if exchange.refusal is not None and not exchange.answered:
            await _refuse(scope, exchange.refusal, limit, receive, send)

    def _limit_of(self, path: str) -> Limit:
        return next((limit for pattern, limit in self._limits.items() if pattern.fullmatch(path)), self._usual)


class _Exchange:
    """The body as the application reads it: cut off, as if the client had gone, when it breaks a limit."""

    def __init__(self, receive: ASGIReceiveCallable, send: ASGISendCallable, limit: Limit) -> None:
        self.refusal: HTTPStatus | None = None
        self.answered = False
        self._limit = limit
        self._receive = receive
        self._send = send
        self._begun = asyncio.get_running_loop().time()
        self._read = 0
        self._complete = False

    async def receive(self) -> ASGIReceiveEvent:
        if self.refusal is not None:
            return _GONE
        if self._complete:  # the application now waits only for the client's disconnect
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._begun + self._seconds()):
                return self._counted(await self._receive())
        except TimeoutError:
            self.refusal = HTTPStatus.REQUEST_TIMEOUT
            return _GONE

    async def send(self, event: ASGISendEvent) -> None:
        """Drop what the application says to a client that it believes gone."""
        if self.refusal is None or self.answered:
            self.answered = True
            await self._send(event)

    def _seconds(self) -> float:
        """Return how long the body may take until its next piece."""
        return min(self._limit.seconds, self._limit.grace + self._read / self._limit.pace)

    def _counted(self, event: ASGIReceiveEvent) -> ASGIReceiveEvent:
        if event["type"] == "http.request":
            self._read += len(event.get("body", b""))
            self._complete = not event.get("more_body", False)
        if self._read > self._limit.octets:
            self.refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return _GONE
        return event


def _declared(scope: HTTPScope) -> int:
    """Return the announced length; 0 without a valid one."""
    announced = header_of(scope, b"content-length")
    return int(announced) if announced.isascii() and announced.isdigit() else 0


async def _refuse(
    scope: HTTPScope, status: HTTPStatus, limit: Limit, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    content, content_type = _words(scope["path"], status, limit)
    length = str(len(content))
    await send_head(send, status, [("Content-Type", content_type), ("Content-Length", length), ("Connection", "close")])
    await send_piece(send, content, is_last=False)
    await _hear_out(receive)
    await send_piece(send, b"", is_last=True)


async def _hear_out(receive: ASGIReceiveCallable) -> None:
    """Read the rest: closing a connection that still sends would reset it before the client has read the answer."""
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


def _words(path: str, status: HTTPStatus, limit: Limit) -> tuple[bytes, str]:
    code, sentence = _sentence(status, limit)
    if path.startswith("/api/"):
        return orjson.dumps({"error": code, "detail": sentence}), "application/json"
    return sentence.encode(), "text/plain; charset=utf-8"


def _sentence(status: HTTPStatus, limit: Limit) -> tuple[str, str]:
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return "too_slow", _("The upload took too long. Please try again.")
    if limit.file_megabytes:
        return "too_large", file_too_large()
    return "too_large", _("The upload is too large.")


def file_too_large() -> str:
    return _("This file is too large. The limit is %d MB.") % FILE_MEGABYTES
