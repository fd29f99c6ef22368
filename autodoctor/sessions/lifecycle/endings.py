"""The end of a session, before or after it began, and what it charges, each inside `session_transaction`.

Every action raises what `transitions.py` says. Amounts are integer cents.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.payments import ledger
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Payment
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.event_data import SolvedData
from autodoctor.sessions.job_kinds import SessionFact
from autodoctor.sessions.lifecycle import attendance, fair_clock, private_requests, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.notify import mail
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import settlement, spent_time, triggers
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import (
    EndReason,
    EventKind,
    State,
    check,
)

LAST_WORDS = timedelta(seconds=30)  # what was said at the very end is still on its way
CLOCK_ADDS = timedelta(minutes=1)  # between seeing a price that grows with the clock, and the press


class PriceGrew(Refused):
    """The press would charge more than its button showed; `cents`: how much it charges now."""

    def __init__(self, cents: int, currency: str) -> None:
        cost = format_cents(cents, currency)
        super().__init__(
            "price_grew", _("The price has changed. It is now %(cost)s. Please look again.") % {"cost": cost}
        )
        self.cents = cents

    def as_error(self) -> dict[str, Any]:
        return super().as_error() | {"cents": self.cents}


def end_session(*, session_id: UUID, by: User, shown_cents: int | None = None, now: datetime) -> Session:
    """ "End Session" by a participant. The person who ends and the missing participant decide the charge.

    `shown_cents`: the charge that a customer's button showed; a running clock may have added `CLOCK_ADDS` since. Raises
    `PriceGrew` if it has grown more.
    """
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        if state.session.state != State.COMPLETED:
            transitions.check_party(who)
            check(state.session.state, State.COMPLETED)
            if who.role == Role.MECHANIC and triggers.is_substitute_awaited(state.session):
                raise Refused("not_joined", _("Join this session first, or give it back."))
            reason = _reason_to_end(state, who.role, now)
            if who.role == Role.CUSTOMER:
                _check_shown(state, shown_cents, end_reason=reason, ended_at=now - CLOCK_ADDS)
            complete_session(state, reason, at=now, who=who)
        return state.session


def _reason_to_end(state: SessionState, role: str, now: datetime) -> EndReason:
    if triggers.all_time_given(state.session, now):
        return EndReason.TIME_UP
    if role == Role.CUSTOMER:
        fair_clock.keep_offer(state, now)
        return EndReason.MECHANIC_LOST if _is_without_mechanic(state) else EndReason.ENDED_BY_CUSTOMER
    missed_at = state.customer.part.missed_at if state.customer.part else None
    gone_long = missed_at is not None and missed_at + duration("customer_missing_offer") <= now
    return EndReason.CUSTOMER_LOST if gone_long else EndReason.ENDED_BY_MECHANIC


def _nobody_has(state: SessionState) -> bool:
    """Return whether the running session has no mechanic, or one who has not joined it yet."""
    return state.session.state == State.HANDING_OVER or triggers.is_substitute_awaited(state.session)


def _is_without_mechanic(state: SessionState) -> bool:
    if _nobody_has(state):
        return True
    return triggers.mechanic_lost_since(state) is not None and settlement.has_used_share_offer(state.session)


def complete_session(
    state: SessionState, reason: EndReason, *, at: datetime, who: event_log.Actor | None = None
) -> None:
    """Complete the session: compute the charge, or ask the customer."""
    session = state.session
    if _nobody_has(state):
        attendance.give_back(state, at)
    _keep_end(session, reason, at, who)
    fair_clock.stop_clock(session, at)
    by_itself = who is None and reason in {EndReason.MECHANIC_LOST, EndReason.EXCEEDED_CAP}
    kind = EventKind.SESSION_AUTO_CLOSED if by_itself else EventKind.SESSION_ENDED
    transitions.enter_state(state, State.COMPLETED, kind, at=at, who=who)
    transitions.settle_payments(session, at)
    mail.send_end_mail(state, now=at)
    if session.recorded_at:
        recorded_until = at + LAST_WORDS
        schedule(SessionFact.RECORDING_OVER, str(session.id), recorded_until, session_id=session.id)


def _keep_end(session: Session, reason: EndReason, at: datetime, who: event_log.Actor | None) -> None:
    session.ended_at, session.end_reason, session.ended_by_role = at, reason, who.role if who else ""


def cancel_session(*, session_id: UUID, by: User, shown_cents: int | None = None, now: datetime) -> Session:
    """Cancel before the start, by the customer. Once a mechanic's time was spent, half of the booking is
    charged.

    `shown_cents`: the charge that the button showed. Raises `PriceGrew` if it has grown since.
    """
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        if who.role == Role.MECHANIC:
            raise Refused("not_the_customer", _("Give the request back instead of canceling it."), 403)
        if state.session.state != State.CANCELLED:
            transitions.check_party(who)
            spent = spent_time.spent_mechanic(state, now)
            reason = EndReason.CANCELLED_LATE if spent else EndReason.CANCELLED_BY_CUSTOMER
            _check_shown(state, shown_cents, end_reason=reason)
            cancel_unstarted(state, State.CANCELLED, reason, at=now, who=who)
        return state.session


def _check_shown(state: SessionState, shown_cents: int | None, **how: object) -> None:
    """Raise `PriceGrew` if this end charges the customer more than the button said."""
    payments = Payment.objects.filter(owner_id=state.session.id)
    cents = settlement.amounts_due_if(state.session, payments, **how)
    if shown_cents is not None and cents > shown_cents:
        raise PriceGrew(cents, state.session.currency)


def cancel_unstarted(
    current: SessionState, state: State, reason: EndReason, *, at: datetime, who: event_log.Actor | None = None
) -> None:
    """End a session that did not take place as cancelled or expired, and settle it."""
    check(current.session.state, state)
    _keep_end(current.session, reason, at, who)
    transitions.enter_state(current, state, EventKind(f"session.{state.value}"), at=at, who=who)
    transitions.settle_payments(current.session, at)
    if reason != EndReason.UNPAID:
        mail.send_closing_mail(current, "called_off", now=at)


def cancel_by_deadline(state: SessionState, target: State, reason: EndReason, at: datetime, now: datetime) -> None:
    """End what did not begin in time. A booking that is paid begins instead: the news of it may still be queued."""
    if reason == EndReason.UNPAID and ledger.is_booking_paid(state.session.id):
        transitions.enter_queue(state, now)
    else:
        cancel_unstarted(state, target, reason, at=at)


def end_privacy(state: SessionState, at: datetime) -> None:
    """The time that a request was one mechanic's alone is over: all may have it, or it ends, as the customer chose."""
    if not state.session.asked_only:
        return private_requests.open_to_all(state, private_requests.TIME, at=at)
    private_requests.promise_news(state.session, at)
    return cancel_unstarted(state, State.EXPIRED, EndReason.ASKED_UNAVAILABLE, at=at)


def answer_solved(
    *, session_id: UUID, by: User, solved: bool, shown_cents: int | None = None, now: datetime
) -> Session:
    """Store the customer's answer after the mechanic ended early. The first answer counts.

    `shown_cents`: the charge that the button showed. Raises `PriceGrew` if it has grown since.
    """
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can answer this."), 403)
        if state.session.end_reason != EndReason.ENDED_BY_MECHANIC:
            raise Refused("not_asked", _("There is no open question for this session."))
        if state.session.solved is None:
            _check_shown(state, shown_cents, solved=solved)
            record_solved_answer(state, solved, at=now, who=who)
        return state.session


def record_solved_answer(
    state: SessionState, solved: bool, *, at: datetime, who: event_log.Actor | None = None
) -> None:
    state.session.solved = solved
    event_log.append_event(state.session, EventKind.PAYMENT_DECIDED, at=at, by=who, data=SolvedData(solved=solved))
    transitions.settle_payments(state.session, at)
