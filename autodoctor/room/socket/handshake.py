"""The handshake of a websocket: exact Origin, signed-in person, part in the session."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qs
from uuid import UUID

from django.conf import settings
from django.http import parse_cookie
from django.utils import timezone

from autodoctor.core import credentials
from autodoctor.core.parsing import parse_uuid
from autodoctor.rates.in_process import Counts
from autodoctor.rates.limits import SOCKETS
from autodoctor.room.hub.authentication import ConnectedUser
from autodoctor.room.hub.presence import Admission, HandshakeRequest, Left, SessionAdmission, presence
from autodoctor.room.wire import protocol
from autodoctor.room.wire.connection import Receive, Scope, Send, protocol_of
from autodoctor.room.wire.loop_inbox import LoopAnswer

logger = logging.getLogger(__name__)
_counts = Counts()
NOWHERE = UUID(int=0)  # stands for an invalid UUID in the address: no session has this id


async def admit_to_feed(scope: Scope, receive: Receive, send: Send) -> ConnectedUser | None:
    """Answer the upgrade. None when it was refused."""
    admission = await _answer(scope, receive, send, None)
    return admission.guest


async def admit_to_session(scope: Scope, receive: Receive, send: Send, session_id: UUID) -> SessionAdmission | None:
    """Answer the upgrade. None when it was refused, or they have no part in this session."""
    admission = await _answer(scope, receive, send, session_id)
    if admission.guest is None:
        return None
    if admission.place is None:
        await _close(send, protocol.NOT_FOUND)
        return None
    return SessionAdmission(admission.guest, admission.place, *admission[2:])


async def _answer(scope: Scope, receive: Receive, send: Send, session_id: UUID | None) -> Admission:
    """Accept the upgrade of a signed-in person. Close the others; they have no `guest`."""
    wire = protocol_of(scope)
    await receive()
    if _header(scope, b"origin") not in settings.ALLOWED_ORIGINS:
        await send({"type": "websocket.close"})  # closing before the acceptance answers 403
        return Admission()
    key = credentials.shown(parse_cookie(_header(scope, b"cookie")))
    if not _counts.allows(SOCKETS, time.monotonic(), key):
        await _refuse(scope, send, HTTPStatus.TOO_MANY_REQUESTS)
        return Admission()
    try:
        admission = await _request_admission(scope, key, session_id, lambda: not wire.disconnected)
    except Exception:
        logger.exception("Nobody could be let in")
        await _refuse(scope, send, HTTPStatus.SERVICE_UNAVAILABLE)
        return Admission()
    await _accept(send, admission)
    if admission.guest is None:
        await _close(send, protocol.SIGNED_OUT)
    return admission


async def _request_admission(
    scope: Scope, session_key: str, session_id: UUID | None, is_open: Callable[[], bool]
) -> Admission:
    if not session_key:
        return Admission()
    answer: LoopAnswer[Admission] = LoopAnswer()
    presence.tell(HandshakeRequest(session_key, session_id, answer, is_open, page(scope), attempt(scope)))
    return await answer.future


async def _accept(send: Send, admission: Admission) -> None:
    """Accept the socket. If the client has gone meanwhile, its admission is undone."""
    try:
        await send({"type": "websocket.accept"})
    except BaseException:
        if admission.connection_id and admission.guest and admission.place:
            user_id, session_id = admission.guest.user.id, admission.place.session.id
            now = timezone.now()
            presence.tell(Left(admission.connection_id, session_id, user_id, joined=False, at=now, noted_at=now))
        raise


def session_of(scope: Scope) -> UUID:
    return parse_uuid(scope["path"].removeprefix("/ws/sessions/").rstrip("/")) or NOWHERE


def after(scope: Scope) -> int:
    """Return the last `seq` of the client; 0 for anything but a number."""
    return _number(scope, "after")


def attempt(scope: Scope) -> int:
    """Return how often this page has tried to connect; 0 for a client that does not count."""
    return _number(scope, "attempt")


def page(scope: Scope) -> str:
    """Return the client's id for this page: a second socket with the same id replaces the first. Empty where it has
    what no database stores: those who are let in together are written together.
    """
    given = _query(scope, "page")[:64]
    return given if given.isprintable() else ""


def _number(scope: Scope, name: str) -> int:
    given = _query(scope, name)
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _query(scope: Scope, name: str) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get(name, [""])[0]


def _header(scope: Scope, name: bytes) -> str:
    """Return the header; empty if it is missing or repeated."""
    found: list[bytes] = [value for key, value in scope["headers"] if key.lower() == name]
    return found[0].decode("latin-1") if len(found) == 1 else ""


async def _refuse(scope: Scope, send: Send, status: HTTPStatus) -> None:
    if "websocket.http.response" in scope.get("extensions", {}):
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"0"), (b"retry-after", b"1")]
        await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b""})
    else:
        await send({"type": "websocket.close"})


async def _close(send: Send, code: int) -> None:
    await send({"type": "websocket.close", "code": code, "reason": ""})
