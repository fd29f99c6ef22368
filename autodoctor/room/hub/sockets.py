"""The sockets of this process by session. Every poke reaches them here. Everything runs in the event loop's thread."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol
from uuid import UUID

from autodoctor.accounts.models import Role
from autodoctor.room.hub.event_bus import EventBus, Followed, bus
from autodoctor.room.hub.notes import (
    CallTaken,
    EphemeralFrame,
    Heartbeat,
    PageMoved,
    Poke,
    PresenceChanged,
    Present,
    Relay,
    Row,
    channel_of,
    session_in,
)
from autodoctor.room.wire import executor, protocol
from autodoctor.sessions.event_data import EventData, SessionPayload
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import Kind

ON_ITS_WAY_SECONDS = 0.2  # the usual time from a commit to its poke
TOGETHER_SECONDS = 0.05  # sessions that are followed within it are compared in one query
SHARED = (Poke, EphemeralFrame, Relay, PresenceChanged, CallTaken, PageMoved)


class Member(Protocol):
    """The part of a socket that the hub needs."""

    session_id: str
    user_id: str
    role: str
    page: str
    served: int  # the last `seq` sent to its client
    joined: int  # grows with each join in this process, 0 before
    join_number: int  # how often this person had joined when this page did; 0 until that is known
    opening: tuple[int, float]  # which attempt of its page this is, as the client counts, and when: the larger is newer

    def follow(self, poke: Poke) -> None: ...

    def push(self, frame: bytes) -> None: ...

    def hint(self, frame: bytes) -> None: ...

    def close(self, code: int) -> None: ...

    def step_aside(self) -> object:
        """Another page of this person has the call."""
        ...

    def move_away(self) -> None:
        """This page has reconnected elsewhere."""
        ...


class Room:
    """The sockets of one session in this process, and the state that was last sent to them.

    Pokes come from several threads, in any order: `as_of` is the `seq` at which `session` was read.
    """

    __slots__ = ("_joins", "as_of", "members", "presence", "seq", "session")

    def __init__(self, session: SessionPayload, seq: int, presence: dict[str, str]) -> None:
        self.members: list[Member] = []
        self.session = session
        self.as_of = seq
        self.seq = seq
        self.presence = presence
        self._joins: dict[str, int] = {}  # by person, as far as it is known here

    @property
    def is_call(self) -> bool:
        """Return whether one page of each role has the call. In a chat all pages are alike."""
        return self.session["kind"] != Kind.CHAT

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

    def take_call(self, member: Member, joins: int) -> Member | None:
        """A page's join was written as its person's join of this number. It counts for the page of theirs that asked
        last here, and has the call: joins of two pages may be written in another order. Returns that page.
        """
        holder = self.newest(member.role) if self.is_call else None
        if holder is None or holder.user_id != member.user_id:
            return None
        holder.join_number = max(holder.join_number, joins)
        return holder

    def note_joins(self, user_id: str, joins: int) -> None:
        """A person has joined so often, with whatever page: in a call, earlier pages step aside."""
        self._joins[user_id] = max(joins, self._joins.get(user_id, 0))
        if not self.is_call:
            return
        for member in self.members:
            if member.user_id == user_id and member.joined and 0 < member.join_number < self._joins[user_id]:
                member.step_aside()

    def send_presence(self, presence: dict[str, str]) -> None:
        if presence != self.presence:
            self.presence = presence
            frame = protocol.presence(presence)
            for member in self.members:
                member.push(frame)


class Hub:
    def __init__(self, bus: EventBus) -> None:
        self._rooms: dict[str, Room] = {}
        self._missed: set[str] = set()  # sessions whose pokes may have been missed
        self._bus = bus
        bus.listen(Poke, self._follow)
        bus.listen(Heartbeat, self._beat)
        bus.listen(EphemeralFrame, self._send_ephemeral)
        bus.listen(Relay, self._relay)
        bus.listen(Present, self._present)
        bus.listen(CallTaken, self._call_taken)
        bus.listen(PageMoved, self._page_moved)
        bus.listen(Followed, self._catch_up)
        for kind in SHARED:
            bus.share(kind)

    def room(self, session_id: str) -> Room | None:
        return self._rooms.get(session_id)

    def enter(self, member: Member, *, session: SessionPayload, seq: int, presence: dict[str, str]) -> Room:
        room = self._rooms.get(member.session_id)
        if room is None:
            room = self._rooms[member.session_id] = Room(session, seq, presence)
            self._bus.follow(channel_of(member.session_id))
        room.members.append(member)
        room.seq = max(room.seq, seq)
        room.learn(session, seq)
        return room

    def leave(self, member: Member) -> None:
        room = self._rooms[member.session_id]
        room.members.remove(member)
        if not room.members:
            del self._rooms[member.session_id]
            self._bus.leave(channel_of(member.session_id))

    def sessions(self) -> list[str]:
        return list(self._rooms)

    def members(self) -> Iterator[Member]:
        for room in self._rooms.values():
            yield from room.members

    def poke(self, session_id: UUID, seq: int, rows: Iterable[Row] = ()) -> None:
        """Handle a poke. Callable from any thread, after the commit."""
        self._bus.publish(Poke(str(session_id), seq, tuple(rows)))

    async def compare(self, sessions: Collection[str] | None = None) -> None:
        """Compare with the log: sockets that are behind read on. A lost poke therefore costs one heartbeat at most.

        Compared after pending pokes: on a busy log a socket always waits for the next poke.
        """
        known = {id_: (room, room.seq) for id_, room in self._rooms.items() if sessions is None or id_ in sessions}
        found = await executor.read(read_positions, list(known))
        await asyncio.sleep(ON_ITS_WAY_SECONDS)
        self._bus.deliver(*found)
        self._begin_anew(known, {note.session_id: note.seq for note in found})

    def _begin_anew(self, known: Mapping[str, tuple[Room, int]], found: Mapping[str, int]) -> None:
        """Send pages away whose log is shorter than it was: a backup took its place. They come back to this one.

        Pages that have come meanwhile know this log alone: theirs is another room.
        """
        for session_id, (room, seq) in known.items():
            if self._rooms.get(session_id) is room and found.get(session_id, 0) < seq:
                for member in tuple(room.members):
                    member.close(protocol.GOING_AWAY)

    def _beat(self, note: Heartbeat) -> None:
        room = self._rooms.get(note.session_id)
        if room is None:
            return
        if room.is_behind(note.seq):
            self._bus.deliver(Poke(note.session_id, note.seq))
        for user_id, joins in note.joins.items():
            room.note_joins(user_id, joins)

    def _catch_up(self, note: Followed) -> None:
        """What was said before these channels were followed may have been missed: asked for all of a moment at once."""
        missed = {id_ for channel in note.channels if (id_ := session_in(channel)) in self._rooms}
        if missed and not self._missed:
            executor.background(self._compare_missed())
        self._missed |= missed

    async def _compare_missed(self) -> None:
        await asyncio.sleep(TOGETHER_SECONDS)
        missed, self._missed = self._missed, set()
        await self.compare(missed)

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

    def _call_taken(self, note: CallTaken) -> None:
        if room := self._rooms.get(note.session_id):
            room.note_joins(note.user_id, note.joins)

    def _page_moved(self, note: PageMoved) -> None:
        room = self._rooms.get(note.session_id)
        for member in tuple(room.members) if room else ():
            if (member.user_id, member.page) == (note.user_id, note.page) and member.opening < note.opening:
                member.move_away()

    def _present(self, note: Present) -> None:
        if room := self._rooms.get(note.session_id):
            room.send_presence(note.presence)


def read_positions(session_ids: list[str]) -> list[Heartbeat]:
    """Return how far the log of each session reaches, and how often each of its people has joined."""
    found: dict[str, Heartbeat] = {}
    columns = ("id", "seq", "participants__user_id", "participants__joins")
    for start in range(0, len(session_ids), 500):
        some = Session.objects.filter(id__in=session_ids[start : start + 500])
        for session_id, seq, user_id, joins in some.values_list(*columns):
            position = found.setdefault(str(session_id), Heartbeat(str(session_id), seq, {}))
            if user_id is not None:
                position.joins[str(user_id)] = joins
    return list(found.values())


def as_row(event: SessionEvent) -> Row:
    frame = event_log.as_frame(event)
    return Row(event.seq, event.audience, protocol.event(frame), event.data_as(EventData).get("session"))


def on_committed(*, session_id: UUID, seq: int, events: list[SessionEvent], **_signal: object) -> None:
    if bus.is_heard:
        hub.poke(session_id, seq, [as_row(event) for event in events])


hub = Hub(bus)
