"""News for support from other parts of the system, in the log of the session that it is about."""

from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.sessions.lifecycle.transitions import changing
from autodoctor.sessions.notify import mail


def alert(*, session_id: UUID, rule: str, data: dict[str, Any], now: datetime) -> None:
    """Something happened that a person has to look at; `rule` is one without a deadline."""
    with changing(session_id, now) as it:
        mail.alert(it, rule, at=now, data=data)
