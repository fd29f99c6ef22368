"""Report to the ledger of earnings which mechanic earns the charges of a session that is over."""

from datetime import datetime
from uuid import UUID

from autodoctor.payments import earnings
from autodoctor.sessions.lifecycle.transaction import lock_session
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import TERMINAL, State


def credit_earning(*, session_id: UUID, now: datetime) -> None:
    """Report the earning of one payment. Runs in a transaction. Raises `Session.DoesNotExist`."""
    notify_earning(lock_session(session_id), now)


def notify_earning(session: Session, now: datetime) -> None:
    """Credit the mechanic who had the session at its end. A session that took place is paid out after its summary."""
    if session.mechanic is None or session.state not in TERMINAL:
        return
    earnings.learn(
        owner_id=session.id,
        mechanic=session.mechanic,
        completed_at=session.ended_at or session.state_at,
        awaits_summary=session.state == State.COMPLETED and session.summarised_at is None,
        now=now,
    )
