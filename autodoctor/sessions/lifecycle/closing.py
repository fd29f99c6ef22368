"""The consequences of a session's end: settlement of its payments, and the mechanic's earnings."""

from datetime import datetime
from uuid import UUID

from autodoctor.accounts.models import User
from autodoctor.payments import earnings, ledger
from autodoctor.payments.models import Payment
from autodoctor.sessions.event_data import ReceiptData
from autodoctor.sessions.lifecycle.transaction import lock_session, session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import mechanic_share, substitutes
from autodoctor.sessions.record import event_log
from autodoctor.sessions.rules import settlement, shares
from autodoctor.sessions.states import TERMINAL, EventKind, State

RECEIPT = ("receipt", 0)  # the rule and occasion that only one event can have


def record_settled(*, session_id: UUID, now: datetime) -> bool:
    """Log once that everything held is charged or released. Returns True for the call that logs it."""
    with session_transaction(session_id, now) as state:
        payments = list(Payment.objects.filter(owner_id=session_id))
        if RECEIPT in state.fired or not settlement.is_settled(state.session, payments):
            return False
        rule, occasion = RECEIPT
        held, charged = ledger.held_cents(payments), ledger.charged_cents(payments)
        event_log.append_event(
            state.session,
            EventKind.RECEIPT_ISSUED,
            at=now,
            audience=event_log.Audience.CUSTOMER,
            rule=rule,
            occasion=occasion,
            data=ReceiptData(held_cents=held, charged_cents=charged),
        )
        state.fired[RECEIPT] = now
        return True


def credit_earning(*, session_id: UUID, now: datetime) -> None:
    """Note the mechanic's earning of a session. In a transaction. Raises `Session.DoesNotExist`."""
    notify_earning(lock_session(session_id), now)


def notify_earning(session: Session, now: datetime) -> None:
    """Who carried it has earned, or whose time was spent when the customer called it off.

    A session that took place is paid after its summary; who handed it over before does not write that.
    """
    mechanic = _sent_back(session) or session.mechanic
    if mechanic is None or session.state not in TERMINAL:
        return
    earners = _earners(session, mechanic)
    earnings.learn(owner_id=session.id, earners=earners, completed_at=session.ended_at or session.state_at, now=now)


def _earners(session: Session, mechanic: User) -> list[earnings.Earner]:
    """Return everybody who carried the session, this one last, whose earning alone waits for the summary."""
    awaits_summary = session.state == State.COMPLETED and session.summarized_at is None
    if not session.handed_over:
        return [earnings.Earner(mechanic, awaits_summary)]
    handed_over = substitutes.who_handed_over(session.id)
    seconds = shares.of_payments(session, handed_over, Payment.objects.filter(owner_id=session.id))
    people = {part.user_id: part.user for part in handed_over} | {mechanic.id: mechanic}
    return [earnings.Earner(people[id_], awaits_summary and id_ == mechanic.id, seconds[id_]) for id_ in seconds]


def _sent_back(session: Session) -> User | None:
    """Return whose time a late cancellation pays for, if another one or nobody had the session by then."""
    spent = mechanic_share.paid_late(session)
    return User.objects.get(pk=spent) if spent and spent != session.mechanic_id else None
