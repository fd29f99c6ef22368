"""Revocation: check connected people again when their access may have changed, and regularly."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from autodoctor.room.hub import authentication
from autodoctor.room.hub.authentication import ConnectedUser
from autodoctor.room.hub.event_bus import EventBus, bus
from autodoctor.room.hub.presence import LeaseLost
from autodoctor.room.wire import executor, protocol
from autodoctor.room.wire.connection import Connection


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """A person's access changed, in one browser or in all."""

    user_id: UUID
    session_key: str | None


class ConnectedUsers:
    """The open sockets of this process, by person."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._lines: dict[Connection, tuple[str, int, UUID]] = {}
        bus.listen(AccessChanged, self._recheck)
        bus.listen(LeaseLost, lambda note: self.send_away())

    def enter(self, line: Connection, guest: ConnectedUser) -> None:
        self._lines[line] = (guest.session_key, guest.seal, guest.user.id)

    def leave(self, line: Connection) -> None:
        del self._lines[line]

    def __len__(self) -> int:
        return len(self._lines)

    def send_away(self) -> None:
        """Close every socket, so that its client reconnects."""
        for line in tuple(self._lines):
            line.close(protocol.GOING_AWAY)

    async def check(self, lines: Iterable[Connection] | None = None) -> None:
        """Close the sockets of people who are no longer signed in: of these people, or of everybody."""
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
        meant = [
            line
            for line, (key, _seal, user_id) in self._lines.items()
            if user_id == note.user_id and note.session_key in (None, key)
        ]
        if meant:
            executor.background(self.check(meant))


def on_access_changed(*, user_id: UUID, session_key: str | None = None, **_signal: object) -> None:
    bus.publish(AccessChanged(user_id, session_key))


connected_users = ConnectedUsers(bus)
