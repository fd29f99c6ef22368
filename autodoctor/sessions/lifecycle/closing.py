"""The consequences of a session's end: settlement of its payments, and the mechanic's earnings."""

from datetime import datetime
from uuid import UUID

from autodoctor.payments import earnings, ledger
from autodoctor.payments.models import Payment
from autodoctor.sessions.lifecycle.transaction import lock_session, session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import TERMINAL, EventKind, State

RECEIPT = ("receipt", 0)  # the rule and occasion that only one event can have


def record_settled(*, session_id: UUID, now: datetime) -> bool:
    """Log once that everything held is charged or released. Returns True for the call that logs it."""
    with session_transaction(session_id, now) as state:
        payments = list(Payment.objects.filter(owner_id=session_id))
        if RECEIPT in state.fired or not settlement.is_settled(state.session, payments):
            return False
        rule, occasion = RECEIPT
        cents = {
            "held_cents": ledger.held_cents(payments),
            "charged_cents": ledger.charged_cents(payments),
        }
        event_log.append_event(
            state.session,
            EventKind.RECEIPT_ISSUED,
            at=now,
            audience=event_log.Audience.CUSTOMER,
            rule=rule,
            occasion=occasion,
            data=cents,
        )
        state.fired[RECEIPT] = now
        return True


def credit_earning(*, session_id: UUID, now: datetime) -> None:
    """Note the mechanic's earning of a session. In a transaction. Raises `Session.DoesNotExist`."""
    notify_earning(lock_session(session_id), now)


def notify_earning(session: Session, now: datetime) -> None:
    """Note the earning of the mechanic at the session's end; after a completed session it waits for the summary."""
    if session.mechanic is None or session.state not in TERMINAL:
        return
    earnings.learn(
        owner_id=session.id,
        mechanic=session.mechanic,
        completed_at=session.ended_at or session.state_at,
        awaits_summary=session.state == State.COMPLETED and session.summarized_at is None,
        now=now,
    )
