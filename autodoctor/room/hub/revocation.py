"""Revocation: check connected people again when their access may have changed, and regularly."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

from django.utils import timezone

from autodoctor.room.hub import authentication
from autodoctor.room.hub.authentication import ConnectedUser
from autodoctor.room.hub.event_bus import EventBus, bus
from autodoctor.room.hub.presence import LeaseLost
from autodoctor.room.wire import executor, protocol
from autodoctor.room.wire.connection import Connection

ACCESS = "access"  # the channel that every server follows


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """A person's access changed, in one browser or in all. Names the browser by a hash: its key would sign in."""

    TAG: ClassVar[str] = "access"
    user_id: UUID
    browser: str | None

    def channels(self) -> Iterable[str]:
        return (ACCESS,)

    def pack(self) -> list[Any]:
        return [str(self.user_id), self.browser]

    @classmethod
    def unpack(cls, *packed: Any) -> Self:
        user_id, browser = packed
        return cls(UUID(user_id), browser)


MOST_OPEN = 60  # sockets of one person, in all sessions and lists


class ConnectedUsers:
    """The open sockets of this process, by person."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._lines: dict[Connection, tuple[str, int, UUID]] = {}
        self._of_person: dict[UUID, list[Connection]] = {}  # the oldest first
        self._changed: set[UUID] = set()  # whose access changed since the last look at everybody
        self._changed_before: set[UUID] = set()  # and until then, since the look before
        bus.listen(AccessChanged, self._recheck)
        bus.share(AccessChanged)
        bus.listen(LeaseLost, lambda note: self.send_away())

    def enter(self, line: Connection, guest: ConnectedUser) -> None:
        """Add a socket. The oldest of too many of one person is closed. Whose access changed lately is looked at again:
        what let them in may have been read before.
        """
        self._lines[line] = (guest.session_key, guest.seal, guest.user.id)
        mine = self._of_person.setdefault(guest.user.id, [])
        mine.append(line)
        for oldest in mine[:-MOST_OPEN]:
            oldest.close(protocol.REPLACED)
        if guest.user.id in self._changed | self._changed_before:
            executor.background(self.check([line]))

    def leave(self, line: Connection) -> None:
        _key, _seal, user_id = self._lines.pop(line)
        self._of_person[user_id].remove(line)
        if not self._of_person[user_id]:
            del self._of_person[user_id]

    def __len__(self) -> int:
        return len(self._lines)

    def send_away(self) -> None:
        """Close every socket, so that its client reconnects."""
        for line in tuple(self._lines):
            line.close(protocol.GOING_AWAY)

    async def check(self, lines: Iterable[Connection] | None = None) -> None:
        """Close the sockets of people who are no longer signed in: of these people, or of everybody."""
        if lines is None:
            self._changed, self._changed_before = set(), self._changed
        asked = {line: self._lines[line] for line in (self._lines if lines is None else lines) if line in self._lines}
        if not asked:
            return
        seals = {key: seal for key, seal, _user_id in asked.values()}
        people = {key: user_id for key, _seal, user_id in asked.values()}
        welcome = await executor.read(authentication.still_welcome, seals, people, timezone.now())
        for line, (key, _seal, _user_id) in asked.items():
            if key not in welcome:
                line.close(protocol.SIGNED_OUT)

    def _recheck(self, note: AccessChanged) -> None:
        self._changed.add(note.user_id)
        meant = [
            line
            for line, (key, _seal, user_id) in self._lines.items()
            if user_id == note.user_id and note.browser in (None, _browser(key))
        ]
        if meant:
            executor.background(self.check(meant))


def on_access_changed(*, user_id: UUID, session_key: str | None = None, **_signal: object) -> None:
    bus.publish(AccessChanged(user_id, _browser(session_key) if session_key else None))


def _browser(session_key: str) -> str:
    return hashlib.sha256(session_key.encode()).hexdigest()


connected_users = ConnectedUsers(bus)
