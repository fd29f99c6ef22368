"""All frames of the live channel: `parse` for the client's frames, a builder for each frame of the server."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, assert_never

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.core.parsing import is_blank
from autodoctor.rates import limits
from autodoctor.room.wire import camera, drawing, uvicorn_protocol
from autodoctor.room.wire.camera import Camera, Still, Wish
from autodoctor.room.wire.drawing import Drawing
from autodoctor.sessions.event_data import SessionPayload
from autodoctor.sessions.models import stamp
from autodoctor.sessions.states import EventKind

MAX_FRAME = 64 * 1024  # bytes
MAX_SIGNAL = 32 * 1024  # bytes; what browsers say to agree on a call takes some ten thousand
MAX_TEXT = 4_000  # characters
MAX_CAMERA = 1024  # bytes
MAX_DEPTH = 20  # nesting of a signal's data

SIGNED_OUT = 4401
NOT_FOUND = 4404  # missing, or another person's
TOO_SLOW = 4408
REPLACED = 4409
GOING_AWAY = uvicorn_protocol.GOING_AWAY

_message_posted = EventKind.MESSAGE_POSTED.value
_uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Join:
    """This page joins."""


class Message(NamedTuple):
    client_id: str  # a UUID in its canonical form, in lower case
    text: str


@dataclass(frozen=True, slots=True)
class Typing:
    """This person is typing."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Call signaling for the other participant, passed on and never stored."""

    data: dict[str, Any]

    def as_payload(self) -> dict[str, Any]:
        return {"data": self.data}


@dataclass(frozen=True, slots=True)
class Media:
    """Whether the other participant's media arrive here; None: this page has no call."""

    receiving: bool | None


@dataclass(frozen=True, slots=True)
class Ping:
    """Answered by a pong."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A frame that this channel does not know; answered by an error."""

    code: str
    detail: str | Promise
    client_id: str | None = None


Passed = Signal | Camera | Wish | Still | Drawing  # to the other side's page, and never stored
Frame = Join | Message | Typing | Passed | Media | Ping

# Of the kinds with a bound of their own, in bytes.
SIZES = {
    "signal": MAX_SIGNAL,
    "camera": MAX_CAMERA,
    "wish": MAX_CAMERA,
    "still": MAX_CAMERA,
    "drawing": drawing.MAX_DRAWING,
}

# How often each may come.
LIMITS: dict[type[Frame | Invalid], limits.Limit] = {
    Join: limits.JOINS,
    Message: limits.MESSAGES,
    Typing: limits.TYPING,
    Signal: limits.SIGNALS,
    Camera: limits.CAMERA,
    Wish: limits.CAMERA,
    Still: limits.CAMERA,
    Drawing: limits.DRAWINGS,
    Media: limits.MEDIA,
    Ping: limits.PINGS,
    Invalid: limits.UNREADABLE,
}

DETAILS: dict[str, str | Promise] = {
    "invalid_frame": _("This page sent something that the server does not understand. Reload the page and try again."),
    "too_long": _("This message is too long. Send it in several parts."),
    "too_fast": _("This was too fast. Wait a moment and try again."),
    "session_closed": _("This session does not accept messages now."),
    "not_joined": _("Join the session first."),
    "client_id_reused": _("This message was already sent with another text."),
    "not_allowed": _("The customer has not allowed this."),
    "unavailable": _("We could not save this. Try again in a moment."),
}


def parse(raw: bytes | str) -> Frame | Invalid:
    """Parse one text frame from a client. Unknown keys are ignored, so nobody can forge a sender."""
    if len(raw) > MAX_FRAME:
        return _invalid("too_long")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _invalid("invalid_frame")
    kind = found.get("type") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in _READERS:
        return _invalid("invalid_frame")
    if len(raw) > SIZES.get(kind, MAX_FRAME):
        return _invalid("too_long")
    return _READERS[kind](found) or _invalid("invalid_frame")


def _message(found: dict[str, Any]) -> Message | Invalid:
    client_id, text = found.get("client_id"), found.get("text")
    if not isinstance(client_id, str) or not _uuid.fullmatch(client_id):
        return _invalid("invalid_frame")
    client_id = client_id.lower()
    if not isinstance(text, str) or not is_sayable(text):
        return _invalid("invalid_frame", client_id)
    if len(text) > MAX_TEXT:
        return _invalid("too_long", client_id)
    return Message(client_id, text)


def is_sayable(text: str) -> bool:
    """Return whether people can see this text and every database and client can hold it: no NUL, no lone surrogates."""
    return not is_blank(text) and "\0" not in text and not _has_surrogates(text)


def _has_surrogates(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _signal(found: dict[str, Any]) -> Signal | Invalid:
    data = found.get("data")
    if not isinstance(data, dict) or _is_deep(data):
        return _invalid("invalid_frame")
    return Signal(data)


def _is_deep(value: object) -> bool:
    """Return whether the value is deeper than `MAX_DEPTH`. Works level by level, because deep values attack
    recursion.
    """
    level: list[object] = [value]
    for _level in range(MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _media(found: dict[str, Any]) -> Media | Invalid:
    receiving = found.get("receiving", "")
    return Media(receiving) if receiving is None or isinstance(receiving, bool) else _invalid("invalid_frame")


def _invalid(code: str, client_id: str | None = None) -> Invalid:
    return Invalid(code, DETAILS[code], client_id)


_READERS: dict[str, Callable[[dict[str, Any]], Frame | Invalid | None]] = {
    "join": lambda found: Join(),
    "message": _message,
    "typing": lambda found: Typing(),
    "signal": _signal,
    "camera": camera.read_camera,
    "wish": camera.read_wish,
    "still": camera.read_still,
    "drawing": drawing.read_drawing,
    "media": _media,
    "ping": lambda found: Ping(),
}


def welcome(
    *, seq: int, now: datetime, user_id: str, role: str, session: SessionPayload, presence: dict[str, str]
) -> bytes:
    you = {"id": user_id, "role": role}
    return orjson.dumps(
        {"type": "welcome", "seq": seq, "now": stamp(now), "you": you, "session": session, "presence": presence}
    )


def event(frame: dict[str, Any]) -> bytes:
    """`frame` is what `sessions.record.event_log.as_frame` makes of a row."""
    return orjson.dumps(frame)


def message_posted(*, seq: int, at: str, user_id: str, role: str, name: str, client_id: str, text: str) -> bytes:
    """The event of a message: the shape of `sessions.record.event_log.as_frame`, built without a row."""
    return orjson.dumps(
        {
            "type": "event",
            "seq": seq,
            "kind": _message_posted,
            "at": at,
            "by": {"id": user_id, "role": role, "name": name},
            "client_id": client_id,
            "data": {"text": text},
        }
    )


def presence(found: dict[str, str]) -> bytes:
    return orjson.dumps({"type": "presence"} | found)


def typing(role: str) -> bytes:
    return orjson.dumps({"type": "typing", "role": role})


def passed(role: str, frame: Passed) -> bytes:
    """Return what the other side's page gets of a frame from this role."""
    return orjson.dumps({"type": type(frame).__name__.lower(), "role": role} | frame.as_payload())


def refusal(role: str, frame: Passed, *, camera_allowed: bool) -> str | None:
    """Return the code of why this role may not say this; None if it may. Only the customer's own camera is spoken of,
    and only while they allow it.
    """
    match frame:
        case Signal() | Drawing():
            return None
        case Camera() | Still():
            is_theirs = role == Role.CUSTOMER
        case Wish():
            is_theirs = role == Role.MECHANIC
        case _:
            assert_never(frame)
    return None if is_theirs and camera_allowed else "not_allowed"


def pong(now: datetime, seq: int) -> bytes:
    return orjson.dumps({"type": "pong", "now": stamp(now), "seq": seq})


def replaced() -> bytes:
    return orjson.dumps({"type": "replaced"})


def listening() -> bytes:
    return orjson.dumps({"type": "listening"})


def changed(what: str) -> bytes:
    return orjson.dumps({"type": "changed", "what": what})


def error(code: str, client_id: str | None = None, detail: str | Promise | None = None) -> bytes:
    return orjson.dumps({"type": "error", "client_id": client_id, "code": code, "detail": str(detail or DETAILS[code])})
