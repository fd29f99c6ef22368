"""To give back: a request before the start, or a running session that was taken over and not joined yet. One press."""

from datetime import datetime
from uuid import UUID

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.lifecycle import private_requests, substitutes, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import triggers
from autodoctor.sessions.states import OFFERED, State


def release_request(*, session_id: UUID, by: User, reason: str, now: datetime) -> Session:
    """Give the request back to the queue before the start, by the mechanic or the customer.

    Of a private request the mechanic who was asked for passes, and the customer asks everybody instead. A running
    session that a mechanic took over goes back to the search, until they have joined.
    """
    with session_transaction(session_id, now) as state:
        if state.session.state in OFFERED and _has_given_back(state, by):
            return state.session
        if state.session.is_private and by.id == state.session.asked_for_id:
            private_requests.pass_on(state, by, now)
            return state.session
        who, is_too_late = event_log.actor(by, state.session), reason in private_requests.PRESSES
        if state.session.is_private:
            transitions.check_party(who)
            private_requests.open_to_all(state, private_requests.ASKED_EVERYBODY, at=now, who=who)
        elif state.session.state != State.REQUESTED and not is_too_late:  # else it means nobody's release
            transitions.check_party(who)
            _give_back(state, reason, who, now)
        return state.session


def _has_given_back(state: SessionState, by: User) -> bool:
    """Return whether this person gave it back already. Who carried a part of a running session did something else."""
    return any(part.user_id == by.id and part.handed_over_at is None for part in state.released)


def _give_back(state: SessionState, reason: str, who: event_log.Actor, now: datetime) -> None:
    if who.role == Role.MECHANIC and triggers.is_substitute_awaited(state.session):
        substitutes.search(state, substitutes.Why.GIVEN_BACK, at=now, who=who)
    else:
        transitions.release_mechanic(state, reason, at=now, who=who)
