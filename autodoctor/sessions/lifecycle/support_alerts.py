"""Raise alerts for other parts of the system, in the log of the session concerned."""

from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.notify import mail


def raise_support_alert(*, session_id: UUID, rule: str, data: dict[str, Any], now: datetime) -> None:
    """Raise an alert for support. `rule` names a rule without a deadline."""
    with session_transaction(session_id, now) as state:
        mail.alert_support(state, rule, at=now, data=data)
