"""What support did about a session without changing it: a line of its log, by that person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.lifecycle.transitions import changing
from autodoctor.sessions.record import event_log


def note(*, session_id: UUID, kind: str, by: User, data: dict[str, Any], now: datetime) -> None:
    """`kind` is one of `support.*`. Raises `Session.DoesNotExist`."""
    with changing(session_id, now) as it:
        who = event_log.Actor(by.id, Role.SUPPORT.value, by.name)
        event_log.append(it.session, kind, at=now, by=who, audience=event_log.Audience.SUPPORT, data=data)
