"""What the bus says of sessions. Those with a TAG also reach other processes, on the session's channel."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, Self

from autodoctor.accounts.models import Role
from autodoctor.sessions.event_data import SessionPayload

PARTIES = frozenset({Role.CUSTOMER.value, Role.MECHANIC.value})
MOST_CARRIED = 64 * 1024  # bytes of rows; a poke with more travels without them
LISTS = "lists"  # the channel of all lists
_SESSION = "s:"


def channel_of(session_id: str) -> str:
    return _SESSION + session_id


def session_in(channel: str) -> str:
    """Return the session of this channel; of other channels nothing that a session is called."""
    return channel.removeprefix(_SESSION)


class Row(NamedTuple):
    """A row of the log, ready to send. `session` is the session's new state, None if the row does not change it."""

    seq: int
    audience: str
    frame: bytes
    session: SessionPayload | None = None


@dataclass(frozen=True, slots=True)
class Poke:
    """A session's log has reached `seq`. `rows` are the newest rows without a gap: a cache that may be empty."""

    TAG: ClassVar[str] = "poke"
    session_id: str
    seq: int
    rows: tuple[Row, ...] = ()

    def channels(self) -> Iterable[str]:
        return (channel_of(self.session_id),)

    def pack(self) -> list[Any]:
        rows = self.rows if sum(len(row.frame) for row in self.rows) <= MOST_CARRIED else ()
        return [self.session_id, self.seq, [(row.seq, row.audience, row.frame.decode(), row.session) for row in rows]]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        session_id, seq, rows = packed
        return cls(session_id, seq, tuple(Row(n, audience, frame.encode(), new) for n, audience, frame, new in rows))


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A session's log had reached `seq` a moment ago, and each of its people had joined so often."""

    session_id: str
    seq: int
    joins: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfSession:
    """A note of one session, of values that JSON can carry."""

    session_id: str

    def channels(self) -> Iterable[str]:
        return (channel_of(self.session_id),)

    def pack(self) -> list[Any]:
        return [getattr(self, each.name) for each in fields(self)]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        return cls(*packed)


@dataclass(frozen=True, slots=True)
class EphemeralFrame(OfSession):
    """A frame that is not logged, for everybody with one of these roles."""

    TAG: ClassVar[str] = "frame"
    roles: frozenset[str]
    frame: bytes

    def pack(self) -> list[Any]:
        return [self.session_id, sorted(self.roles), self.frame.decode()]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        session_id, roles, frame = packed
        return cls(session_id, frozenset(roles), frame.encode())


@dataclass(frozen=True, slots=True)
class Relay(OfSession):
    """A frame for the newest joined page of this role; lost if that page reads too slowly."""

    TAG: ClassVar[str] = "relay"
    role: str
    frame: bytes

    def pack(self) -> list[Any]:
        return [self.session_id, self.role, self.frame.decode()]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        session_id, role, frame = packed
        return cls(session_id, role, frame.encode())


@dataclass(frozen=True, slots=True)
class Present:
    """The presence of both participants. Sent to every socket when it changes."""

    session_id: str
    presence: dict[str, str]


@dataclass(frozen=True, slots=True)
class PresenceChanged(OfSession):
    """A page opened or closed somewhere: whoever shows the presence of this session reads it anew.

    Without the presence itself, because notes of two processes may come in any order. `server` knows it already.
    """

    TAG: ClassVar[str] = "presence"
    server: str

    def channels(self) -> Iterable[str]:
        return (channel_of(self.session_id), LISTS)


@dataclass(frozen=True, slots=True)
class CallTaken(OfSession):
    """A person has joined for the `joins`-th time: that page has the call."""

    TAG: ClassVar[str] = "call"
    user_id: str
    joins: int


@dataclass(frozen=True, slots=True)
class PageMoved(OfSession):
    """A page has connected, perhaps again: an older socket of the same page in another process is a leftover."""

    TAG: ClassVar[str] = "page"
    user_id: str
    page: str
    attempt: int
    opened_at: float  # seconds since 1970

    @property
    def opening(self) -> tuple[int, float]:
        return self.attempt, self.opened_at
