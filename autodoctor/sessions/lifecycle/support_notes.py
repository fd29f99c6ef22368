"""Log acts of support that do not change the session."""

from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.record import event_log


def add_note(*, session_id: UUID, kind: str, by: User, data: dict[str, Any], now: datetime) -> None:
    """Append an event of support. `kind` is a `support.*` kind. Raises `Session.DoesNotExist`."""
    with session_transaction(session_id, now) as state:
        who = event_log.Actor(by.id, Role.SUPPORT.value, by.name)
        event_log.append_event(state.session, kind, at=now, by=who, audience=event_log.Audience.SUPPORT, data=data)
