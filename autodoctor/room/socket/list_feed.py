"""`/ws/feed`: tells lists that they are out of date. Frames carry no data; the page fetches its fragment again."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from autodoctor.accounts.models import Role, User
from autodoctor.room.hub.event_bus import EventBus, bus
from autodoctor.room.hub.revocation import connected_users
from autodoctor.room.hub.sockets import Present
from autodoctor.room.socket import handshake
from autodoctor.room.wire import executor, protocol
from autodoctor.room.wire.connection import Connection, Receive, Scope, Send
from autodoctor.room.wire.rate_limit import RateLimiter
from autodoctor.sessions.event_data import EventData, HelpAnswerData, MissedData, ReleaseData
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.queries import request_queue
from autodoctor.sessions.states import EventKind

MOST_LISTS_OPEN = 20  # pages of one person
COALESCE_SECONDS = 0.25  # many changes within this time are said once
QUEUE = frozenset(
    {
        EventKind.SESSION_REQUESTED,
        EventKind.SESSION_ACCEPTED,
        EventKind.SESSION_RELEASED,
        EventKind.SESSION_CANCELLED,
        EventKind.SESSION_EXPIRED,
    }
)

FILES = frozenset({EventKind.FILE_SHARED, EventKind.FILE_REMOVED})


@dataclass(frozen=True, slots=True)
class Changed:
    """Sessions changed: `queue` if the request queue changed too; `parties` are the participants of these sessions."""

    queue: bool
    parties: frozenset[str]


class Feed:
    def __init__(self, bus: EventBus) -> None:
        self._lines: set[FeedConnection] = set()
        self._of_person: dict[str, list[FeedConnection]] = {}  # the oldest first
        bus.listen(Changed, self._tell)
        bus.listen(Present, self._tell_support)

    def enter(self, line: "FeedConnection") -> None:
        """Follow the lists. The oldest of too many pages of one person is closed."""
        self._lines.add(line)
        mine = self._of_person.setdefault(line.user_id, [])
        mine.append(line)
        for oldest in mine[:-MOST_LISTS_OPEN]:
            oldest.close(protocol.REPLACED)

    def leave(self, line: "FeedConnection") -> None:
        self._lines.discard(line)
        mine = self._of_person.get(line.user_id, [])
        if line in mine:
            mine.remove(line)
        if not mine:
            self._of_person.pop(line.user_id, None)

    def __len__(self) -> int:
        return len(self._lines)

    def _tell(self, note: Changed) -> None:
        for line in self._lines:
            if line.role == Role.SUPPORT:
                line.say("support")
            if line.role == Role.MECHANIC and note.queue:
                line.say("queue")
            if line.user_id in note.parties:
                line.say("sessions")

    def _tell_support(self, note: Present) -> None:
        """Tell the support board; coming and going shows only there."""
        for line in self._lines:
            if line.role == Role.SUPPORT:
                line.say("support")


class FeedConnection(Connection):
    __slots__ = ("_pace", "_pending", "role", "user_id")

    def __init__(self, scope: Scope, receive: Receive, send: Send, user_id: str, role: str) -> None:
        super().__init__(scope, receive, send)
        self.user_id = user_id
        self.role = role
        self._pending: set[str] = set()
        self._pace = RateLimiter()

    def say(self, what: str) -> None:
        if not self._pending:
            self.loop.call_later(COALESCE_SECONDS, self._say_all)
        self._pending.add(what)

    def _say_all(self) -> None:
        pending, self._pending = self._pending, set()
        for what in sorted(pending):
            self.push(protocol.changed(what))

    async def serve(self) -> None:
        """Serve a feed. It only listens; pings are answered so that the client notices a dead connection."""
        while (event := await self._receive())["type"] == "websocket.receive":
            frame = protocol.parse(event.get("text") or event.get("bytes") or "")
            if isinstance(frame, protocol.Ping) and self._pace.allows(protocol.Ping, self.loop.time()):
                self.push(protocol.pong(timezone.now(), 0))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    guest = await handshake.admit_to_feed(scope, receive, send)
    if guest is None:
        return
    role = await executor.read(_role, guest.user)
    line = FeedConnection(scope, receive, send, str(guest.user.id), role)
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
    states = [session for event in events if (session := event.data_as(EventData).get("session"))]
    parties = {person["id"] for session in states for person in (session["customer"], session["mechanic"]) if person}
    parties |= {user_id for event in events for user_id in _concerned(event)}
    bus.publish(Changed(_changes_queue(session_id, {event.kind for event in events}), frozenset(parties)))


def _concerned(event: SessionEvent) -> list[str]:
    """Return the ids that the event itself names."""
    match event.kind:
        case EventKind.SESSION_RELEASED:
            return [event.data_as(ReleaseData)["released"]]
        case EventKind.HELP_ANSWERED:
            return event.data_as(HelpAnswerData)["concerns"]
        case EventKind.REQUEST_MISSED:
            return event.data_as(MissedData)["concerns"]
        case _:
            return []


def _changes_queue(session_id: UUID, kinds: set[str]) -> bool:
    """Return whether the queue changes: it shows attachments of waiting sessions only."""
    return bool(kinds & QUEUE) or (
        bool(kinds & FILES) and request_queue.queued_requests().filter(pk=session_id).exists()
    )


feed = Feed(bus)
