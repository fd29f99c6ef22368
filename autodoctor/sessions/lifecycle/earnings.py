"""Whose a session's charges are: what the ledger of earnings has to know of a session that is over."""

from datetime import datetime
from uuid import UUID

from autodoctor.payments import earnings
from autodoctor.sessions.lifecycle.transaction import lock_session
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import TERMINAL, State


def credit_earning(*, session_id: UUID, now: datetime) -> None:
    """In a transaction. Raises `Session.DoesNotExist`."""
    notify_earning(lock_session(session_id), now)


def notify_earning(session: Session, now: datetime) -> None:
    """The mechanic who had it at its end has earned; a session that took place is paid after its summary."""
    if session.mechanic is None or session.state not in TERMINAL:
        return
    earnings.learn(
        owner_id=session.id,
        mechanic=session.mechanic,
        completed_at=session.ended_at or session.state_at,
        awaits_summary=session.state == State.COMPLETED and session.summarised_at is None,
        now=now,
    )
