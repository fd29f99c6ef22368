"""`/ws/feed`: tells lists that they are out of date. Frames carry no data; the page fetches its fragment again."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self
from uuid import UUID

from django.db.models import Value
from django.utils import timezone

from autodoctor.accounts.models import Role, User
from autodoctor.conversations.models import Conversation
from autodoctor.core import acting
from autodoctor.core.raw_sql import rows
from autodoctor.rates.in_process import Counts
from autodoctor.rates.limits import PINGS
from autodoctor.room.hub.event_bus import EventBus, Followed, bus
from autodoctor.room.hub.notes import LISTS, PresenceChanged
from autodoctor.room.hub.revocation import connected_users
from autodoctor.room.hub.sockets import ON_ITS_WAY_SECONDS
from autodoctor.room.socket import handshake
from autodoctor.room.wire import executor, protocol
from autodoctor.room.wire.connection import Connection, Receive, Scope, Send
from autodoctor.sessions.event_data import EventData, HelpAnswerData, MissedData, ReleaseData, SearchData
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import OFFERED, EventKind

MOST_LISTS_OPEN = 20  # pages of one person
COALESCE_SECONDS = 0.25  # many changes within this time are said once
MARGIN = timedelta(seconds=10)  # a transaction may commit so long after it wrote down its moment
QUEUE = frozenset(
    {
        EventKind.SESSION_REQUESTED,
        EventKind.SESSION_ACCEPTED,
        EventKind.SESSION_RELEASED,
        EventKind.SESSION_HANDING_OVER,
        EventKind.SESSION_TAKEN_OVER,
        EventKind.SESSION_OPENED,
        EventKind.SESSION_CANCELLED,
        EventKind.SESSION_EXPIRED,
    }
)

ENDS = frozenset({EventKind.SESSION_ENDED, EventKind.SESSION_AUTO_CLOSED})
FILES = frozenset({EventKind.FILE_SHARED, EventKind.FILE_REMOVED})


@dataclass(frozen=True, slots=True)
class OfLists:
    """A note of something that lists show. `number` grows with each change of it."""

    id: str
    number: int

    def channels(self) -> tuple[str, ...]:
        return (LISTS,)


@dataclass(frozen=True, slots=True)
class Changed(OfLists):
    """A session changed: `queue` if the request queue changed too, with `asked` that of this mechanic alone; `parties`
    are whom it concerns.

    `number` is the `seq` of its newest event.
    """

    TAG: ClassVar[str] = "changed"
    queue: bool
    parties: frozenset[str]
    asked: str | None = None

    def pack(self) -> list[Any]:
        return [self.id, self.number, self.queue, sorted(self.parties), self.asked]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        id_, number, queue, parties, asked = packed
        return cls(id_, number, queue, frozenset(parties), asked)


@dataclass(frozen=True, slots=True)
class Asked(OfLists):
    """A question to support without a session changed; `person_id` is who asked, None for a visitor."""

    TAG: ClassVar[str] = "asked"
    person_id: str | None

    def pack(self) -> list[Any]:
        return [self.id, self.number, self.person_id]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        return cls(*packed)


class Feed:
    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._lines: set[FeedConnection] = set()
        self._of_person: dict[str, list[FeedConnection]] = {}  # the oldest first
        self._heard: dict[str, tuple[int, datetime]] = {}  # the newest change of each session or question, and when
        self._compared_at = timezone.now()
        bus.share(Changed)
        bus.share(Asked)
        bus.listen(Changed, self._tell)
        bus.listen(PresenceChanged, self._tell_support)
        bus.listen(Asked, self._tell_of_help)
        bus.listen(Followed, self._catch_up)

    async def begin(self) -> None:
        """Before the first list opens: what has changed until now is no news, because its page fetches after this."""
        if not self._lines:
            for change in await executor.read(read_changes, timezone.now() - MARGIN):
                self._note(OfLists(str(change.id), change.number))

    def enter(self, line: "FeedConnection") -> None:
        """Follow the lists. The oldest of too many pages of one person is closed."""
        if not self._lines:
            self._compared_at = timezone.now()  # the page fetches its lists once this is open
            self._bus.follow(LISTS)
        self._lines.add(line)
        mine = self._of_person.setdefault(line.user_id, [])
        mine.append(line)
        for oldest in mine[:-MOST_LISTS_OPEN]:
            oldest.close(protocol.REPLACED)

    def leave(self, line: "FeedConnection") -> None:
        self._lines.discard(line)
        if not self._lines:
            self._bus.leave(LISTS)
        mine = self._of_person.get(line.user_id, [])
        if line in mine:
            mine.remove(line)
        if not mine:
            self._of_person.pop(line.user_id, None)

    def __len__(self) -> int:
        return len(self._lines)

    async def compare(self) -> None:
        """Compare with the database: lists hear of changes that no note told. One query, if a list is open. While the
        database is away, nothing counts as compared.
        """
        since, now = self._compared_at - MARGIN, timezone.now()
        found = await executor.read(read_changes, since) if self._lines else []
        self._compared_at = now
        await asyncio.sleep(ON_ITS_WAY_SECONDS)
        for change in found:
            if self._heard.get(str(change.id), (0,))[0] < change.number:
                self._tell_late(change)
        self._heard = {id_: heard for id_, heard in self._heard.items() if heard[1] > since}

    def _catch_up(self, note: Followed) -> None:
        if LISTS in note.channels:
            executor.background(self.compare())

    def _tell_late(self, change: "Change") -> None:
        """Which mechanics it concerned is not known any more: all look again."""
        if change.is_session:
            mechanics = {line.user_id for line in self._lines if line.role == Role.MECHANIC}
            parties = frozenset({change.who or "", *mechanics})
            self._tell(Changed(str(change.id), change.number, queue=True, parties=parties))
        else:
            self._tell_of_help(Asked(str(change.id), change.number, change.who))

    def _note(self, note: OfLists) -> None:
        number, _at = self._heard.get(note.id, (0, None))
        self._heard[note.id] = max(number, note.number), timezone.now()

    def _tell(self, note: Changed) -> None:
        self._note(note)
        for line in self._lines:
            if line.role == Role.SUPPORT:
                line.say("support")
            if line.role == Role.MECHANIC and note.queue and note.asked in {None, line.user_id}:
                line.say("queue")
            if line.user_id in note.parties:
                line.say("sessions")

    def _tell_of_help(self, note: Asked) -> None:
        self._note(note)
        for line in self._lines:
            if line.role == Role.SUPPORT:
                line.say("support")
            elif line.user_id == note.person_id:
                line.say("help")

    def _tell_support(self, note: PresenceChanged) -> None:
        """Tell the support board; coming and going shows only there."""
        for line in self._lines:
            if line.role == Role.SUPPORT:
                line.say("support")


class FeedConnection(Connection):
    __slots__ = ("_counts", "_pending", "role", "user_id")

    def __init__(self, scope: Scope, receive: Receive, send: Send, user_id: str, role: str) -> None:
        super().__init__(scope, receive, send)
        self.user_id = user_id
        self.role = role
        self._pending: set[str] = set()
        self._counts = Counts()

    def say(self, what: str) -> None:
        if not self._pending:
            self.loop.call_later(COALESCE_SECONDS, self._say_all)
        self._pending.add(what)

    def _say_all(self) -> None:
        pending, self._pending = self._pending, set()
        for what in sorted(pending):
            self.push(protocol.changed(what))

    async def serve(self) -> None:
        await self.listen(self._take)

    def _take(self, raw: str | bytes) -> bool:
        """Handle one frame. A feed only listens; pings are answered so that the client notices a dead connection."""
        if isinstance(protocol.parse(raw), protocol.Ping) and self._counts.allows(PINGS, self.loop.time()):
            self.push(protocol.pong(timezone.now(), 0))
        return True


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    guest = await handshake.admit_to_feed(scope, receive, send)
    if guest is None:
        return
    role = await executor.read(_role, guest.user)
    line = FeedConnection(scope, receive, send, str(guest.user.id), role)
    await feed.begin()
    connected_users.enter(line, guest)
    feed.enter(line)
    line.push(protocol.listening())  # a page that fetched when its socket opened may have been told nothing meanwhile
    try:
        await line.serve()
    finally:
        line.is_open = False
        feed.leave(line)
        connected_users.leave(line)


def _role(user: User) -> str:
    return user.role.value


def on_committed(*, session_id: UUID, seq: int, events: list[SessionEvent], **_signal: object) -> None:
    """Find out which lists a commit changes. A released mechanic's list changes too."""
    if not bus.is_heard:
        return
    states = [session for event in events if (session := event.data_as(EventData).get("session"))]
    parties = {person["id"] for session in states for person in (session["customer"], session["mechanic"]) if person}
    parties |= {user_id for event in events for user_id in _concerned(event)}
    queue, asked = _changes_queue(session_id, {event.kind for event in events})
    bus.publish(Changed(str(session_id), seq, queue, frozenset(parties), asked))


def on_asked(*, conversation_id: str, changes: int, person_id: str | None, **_signal: object) -> None:
    bus.publish(Asked(conversation_id, changes, person_id))


class Change(NamedTuple):
    """What changed lately; `who`: the customer, or who asked."""

    id: UUID
    number: int
    who: str | None
    is_session: bool


@acting.system
def read_changes(since: datetime) -> list[Change]:
    """Return the sessions and questions that changed after `since`."""
    sessions = Session.objects.filter(changed_at__gt=since).annotate(is_session=Value(1))
    asked = Conversation.objects.filter(changed_at__gt=since).annotate(is_session=Value(0))
    found: Iterable[tuple[UUID, int, UUID | None, int]] = sessions.values_list(
        "id", "changed_seq", "customer_id", "is_session"
    ).union(asked.values_list("id", "changes", "person_id", "is_session"))
    return [
        Change(id_, number, None if who is None else str(who), bool(is_session))
        for id_, number, who, is_session in found
    ]


def _concerned(event: SessionEvent) -> list[str]:
    """Return the ids that the event itself names."""
    match event.kind:
        case EventKind.SESSION_RELEASED:
            return [event.data_as(ReleaseData)["released"]]
        case EventKind.SESSION_HANDING_OVER:
            return [event.data_as(SearchData)["left"]]
        case EventKind.HELP_ANSWERED:
            return event.data_as(HelpAnswerData)["concerns"]
        case EventKind.REQUEST_MISSED:
            return event.data_as(MissedData)["concerns"]
        case _:
            return []


@acting.system
def _changes_queue(session_id: UUID, kinds: set[str]) -> tuple[bool, str | None]:
    """Return whether the queue changes, and the one mechanic who may know: it shows attachments of waiting sessions
    only, and of those that end the ones for which another mechanic was looked for.
    """
    if not kinds & (QUEUE | FILES | ENDS):
        return False, None
    for session in rows(Session, "id = %s", session_id):
        asked = str(session.asked_for_id) if session.private_until else None
        was_offered = bool(kinds & ENDS) and session.search_at is not None
        return bool(kinds & QUEUE) or was_offered or session.state in OFFERED, asked
    return False, None


feed = Feed(bus)
