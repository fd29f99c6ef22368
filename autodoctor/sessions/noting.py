"""What support did about a session without changing it: a line of its log, by that person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.accounts.models import Role, User
from autodoctor.sessions import log
from autodoctor.sessions.actions import changing


def note(*, session_id: UUID, kind: str, by: User, data: dict[str, Any], now: datetime) -> None:
    """`kind` is one of `support.*`. Raises `Session.DoesNotExist`."""
    with changing(session_id, now) as it:
        who = log.Actor(by.id, Role.SUPPORT.value, by.name)
        log.append(it.session, kind, at=now, by=who, audience=log.Audience.SUPPORT, data=data)
