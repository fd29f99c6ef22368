"""The sockets of this process by session. Every poke reaches them here. Everything runs in the event loop's thread."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from autodoctor.accounts.models import Role
from autodoctor.room.hub.event_bus import EventBus, bus
from autodoctor.room.wire import executor, protocol
from autodoctor.sessions.event_data import EventData, SessionPayload
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log

logger = logging.getLogger(__name__)
ON_ITS_WAY_SECONDS = 0.2  # the usual time from a commit to its poke
PARTIES = frozenset({Role.CUSTOMER.value, Role.MECHANIC.value})


class Row(NamedTuple):
    """A row of the log, ready to send. `session` is the session's new state, None if the row does not change it."""

    seq: int
    audience: str
    frame: bytes
    session: SessionPayload | None = None


class Poke(NamedTuple):
    """A session's log has reached `seq`. `rows` are the newest rows without a gap: a cache that may be empty."""

    session_id: str
    seq: int
    rows: tuple[Row, ...] = ()


class Heartbeat(NamedTuple):
    """A session's log had reached `seq` a moment ago."""

    session_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class EphemeralFrame:
    """A frame that is not logged, for everybody with one of these roles."""

    session_id: str
    roles: frozenset[str]
    frame: bytes


@dataclass(frozen=True, slots=True)
class Relay:
    """A frame for the newest joined page of this role; lost if that page reads too slowly."""

    session_id: str
    role: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class Present:
    """The presence of both participants. Sent to every socket when it changes."""

    session_id: str
    presence: dict[str, str]


class Member(Protocol):
    """The part of a socket that the hub needs."""

    session_id: str
    user_id: str
    role: str
    page: str
    served: int  # the last `seq` sent to its client
    joined: int  # grows with each join in this process, 0 before

    def follow(self, poke: Poke) -> None: ...

    def push(self, frame: bytes) -> None: ...

    def hint(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None: ...


class Room:
    """The sockets of one session in this process, and the state that was last sent to them.

    Pokes come from several threads, in any order: `as_of` is the `seq` at which `session` was read.
    """

    __slots__ = ("as_of", "members", "presence", "seq", "session")

    def __init__(self, session: SessionPayload, seq: int, presence: dict[str, str]) -> None:
        self.members: list[Member] = []
        self.session = session
        self.as_of = seq
        self.seq = seq
        self.presence = presence

    def newest(self, role: str) -> Member | None:
        """Return the page of this role that joined last."""
        joined = [member for member in self.members if member.role == role and member.joined]
        return max(joined, key=lambda member: member.joined, default=None)

    def follow(self, poke: Poke) -> None:
        self.seq = max(self.seq, poke.seq)
        for member in self.members:
            member.follow(poke)
        for row in poke.rows:
            if row.session is not None:
                self.learn(row.session, row.seq)

    def is_behind(self, seq: int) -> bool:
        return any(member.served < seq for member in self.members)

    def learn(self, session: SessionPayload, seq: int) -> None:
        """Store the session's state at `seq`; older states are ignored. A released mechanic loses their place here."""
        if seq >= self.as_of:
            self.session, self.as_of = session, seq
        mechanic = self.session["mechanic"]
        for member in tuple(self.members):
            if member.role == Role.MECHANIC and (mechanic is None or member.user_id != mechanic["id"]):
                member.close(protocol.NOT_FOUND)

    def send_presence(self, presence: dict[str, str]) -> None:
        if presence != self.presence:
            self.presence = presence
            frame = protocol.presence(presence)
            for member in self.members:
                member.push(frame)


class Hub:
    def __init__(self, bus: EventBus) -> None:
        self._rooms: dict[str, Room] = {}
        self._bus = bus
        bus.listen(Poke, self._follow)
        bus.listen(Heartbeat, self._beat)
        bus.listen(EphemeralFrame, self._send_ephemeral)
        bus.listen(Relay, self._relay)
        bus.listen(Present, self._present)

    def room(self, session_id: str) -> Room | None:
        return self._rooms.get(session_id)

    def enter(self, member: Member, *, session: SessionPayload, seq: int, presence: dict[str, str]) -> Room:
        room = self._rooms.get(member.session_id)
        if room is None:
            room = self._rooms[member.session_id] = Room(session, seq, presence)
        room.members.append(member)
        room.seq = max(room.seq, seq)
        room.learn(session, seq)
        return room

    def leave(self, member: Member) -> None:
        room = self._rooms[member.session_id]
        room.members.remove(member)
        if not room.members:
            del self._rooms[member.session_id]

    def members(self) -> Iterator[Member]:
        for room in self._rooms.values():
            yield from room.members

    def poke(self, session_id: UUID, seq: int, rows: Iterable[Row] = ()) -> None:
        """Handle a poke. Callable from any thread, after the commit."""
        self._bus.publish(Poke(str(session_id), seq, tuple(rows)))

    async def compare(self) -> None:
        """Compare with the log: sockets that are behind read on. A lost poke therefore costs one heartbeat at most.

        Compared after pending pokes: on a busy log a socket always waits for the next poke.
        """
        seqs = await executor.read(_seqs, list(self._rooms))
        await asyncio.sleep(ON_ITS_WAY_SECONDS)
        self._bus.publish(*(Heartbeat(session_id, seq) for session_id, seq in seqs.items()))

    def _beat(self, note: Heartbeat) -> None:
        room = self._rooms.get(note.session_id)
        if room and room.is_behind(note.seq):
            self._bus.publish(Poke(note.session_id, note.seq))

    def _follow(self, poke: Poke) -> None:
        if room := self._rooms.get(poke.session_id):
            room.follow(poke)

    def _send_ephemeral(self, note: EphemeralFrame) -> None:
        if room := self._rooms.get(note.session_id):
            for member in room.members:
                if member.role in note.roles:
                    member.push(note.frame)

    def _relay(self, note: Relay) -> None:
        room = self._rooms.get(note.session_id)
        if room and (member := room.newest(note.role)):
            member.hint(note.frame)

    def _present(self, note: Present) -> None:
        if room := self._rooms.get(note.session_id):
            room.send_presence(note.presence)


def _seqs(session_ids: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(session_ids), 500):
        some = Session.objects.filter(id__in=session_ids[start : start + 500])
        found |= {str(session_id): seq for session_id, seq in some.values_list("id", "seq")}
    return found


def as_row(event: SessionEvent) -> Row:
    frame = event_log.as_frame(event)
    return Row(event.seq, event.audience, protocol.event(frame), event.data_as(EventData).get("session"))


def on_committed(*, session_id: UUID, seq: int, events: list[SessionEvent], **_signal: object) -> None:
    hub.poke(session_id, seq, [as_row(event) for event in events])


hub = Hub(bus)
