"""What support did about a session without changing it: a line of its log, by that person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind


def add_note(*, session_id: UUID, kind: EventKind, by: User, data: dict[str, Any], now: datetime) -> None:
    """Raises `Session.DoesNotExist`."""
    with session_transaction(session_id, now) as state:
        who = event_log.Actor(by.id, Role.SUPPORT.value, by.name)
        event_log.append_event(state.session, kind, at=now, by=who, audience=event_log.Audience.SUPPORT, data=data)
