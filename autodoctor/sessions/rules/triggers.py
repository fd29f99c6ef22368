"""Triggers: the moments that rules count from, each with its words. Pure functions.

`table` combines triggers with actions, `schedule` derives the jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import Role
from autodoctor.sessions.models import Session
from autodoctor.sessions.record.participants import ParticipantState, Seats, SessionState
from autodoctor.sessions.rules import durations, spent_time
from autodoctor.sessions.states import EndReason, Kind, State


@dataclass(frozen=True)
class Trigger:
    """A moment that a rule counts from: its words, and how to find it in a session's state; None while its cause is
    absent.
    """

    words: Promise
    of: Callable[[SessionState], datetime | None]


def duration(name: str) -> timedelta:
    return timedelta(seconds=durations.seconds(name))


def _after(moment: datetime | None, name: str) -> datetime | None:
    return None if moment is None else moment + duration(name)


def _since_away(seat: ParticipantState, state: SessionState) -> datetime | None:
    """Return the later of entering the state and the last page closing; None while a page is open."""
    if seat.page_open:
        return None
    return max(filter(None, [state.session.state_at, seat.left_at]))


def _mechanic_away(state: SessionState) -> datetime | None:
    return None if state.mechanic.is_in else _since_away(state.mechanic, state)


def _no_show(state: SessionState) -> datetime | None:
    """Only a customer whom a mechanic waits for can be a no-show, and not before that mechanic's time was spent."""
    away_since, part = _since_away(state.customer, state), state.mechanic.part
    if away_since is None or part is None or not state.mechanic.is_in:
        return None
    spent_at = spent_time.spent_at(part)
    return max(away_since, spent_at - duration("customer_no_show")) if spent_at else away_since


def _missing_since(state: SessionState, role: str) -> datetime | None:
    seat = state.seat(role)
    if not seat.is_in or seat.is_returning or (role == Role.MECHANIC and _left_after_all_time(state)):
        return None
    return seat.gone_since


def missing_at(state: SessionState, role: str) -> datetime | None:
    """Return when a participant counts as missing; None while they are here or have given all their time."""
    return _after(_missing_since(state, role), "missing_grace")


def media_lost_since(state: SessionState) -> datetime | None:
    """Return since when a participant receives no media while both are in, at the earliest since the clock was set."""
    parts = [seat.part for seat in (state.customer, state.mechanic)]
    if state.session.clock_at is None or not all(part and part.present for part in parts):
        return None
    lost = [part.receiving_at for part in parts if part and part.receiving is False and part.receiving_at]
    return max(min(lost), state.session.clock_at) if lost else None


def _media_lost(state: SessionState) -> datetime | None:
    """Lost media that may still pause the clock."""
    if state.session.paused_at or lenient_left(state.session) <= timedelta():
        return None
    return media_lost_since(state)


def _customer_noticed_missing(state: SessionState) -> datetime | None:
    return None if state.customer.is_in or state.customer.part is None else state.customer.part.missed_at


def mechanic_lost_since(state: Seats) -> datetime | None:
    """Return since when the customer has been waiting for a missing mechanic; None while they are not."""
    missed_at = state.mechanic.part.missed_at if state.mechanic.part else None
    if (
        state.mechanic.is_in
        or missed_at is None
        or state.session.paused_at is None
        or state.session.pause_cause != Role.MECHANIC
    ):
        return None
    return max(missed_at, state.session.paused_at)


def is_substitute_awaited(session: Session) -> bool:
    """Return whether another mechanic took the running session over and has not joined it yet."""
    return session.state == State.RECONNECTING and session.search_at is not None


def used_share_from(state: Seats) -> datetime | None:
    """Return from when on the customer may end and pays the used share; None while the mechanic was not away."""
    return state.session.used_share_from or _after(mechanic_lost_since(state), "mechanic_missing_offer")


def _lost_before_offer(state: SessionState) -> datetime | None:
    """Return the moment that the offer is counted from: after a second drop it begins at once."""
    offered_at = used_share_from(state) if mechanic_lost_since(state) else None
    return offered_at and offered_at - duration("mechanic_missing_offer")


def _running_end(state: SessionState) -> datetime | None:
    return None if state.session.paused_at else state.session.ends_at


def _time_up(state: SessionState) -> datetime | None:
    session, left = state.session, _left_after_all_time(state)
    closes_at = None if session.paused_at else session.hold_until or session.ends_at
    return min(filter(None, [closes_at, _after(left, "missing_grace")]), default=None)


def all_time_given(session: Session, at: datetime) -> bool:
    """Return whether all time had been given by then, so that the end only waits for a payment."""
    stopped = min(session.paused_at or at, at)
    return session.hold_until is not None and session.ends_at is not None and session.ends_at <= stopped


def _left_after_all_time(state: SessionState) -> datetime | None:
    """Return since when a mechanic who has given all the time is gone; None otherwise."""
    gone_since = state.mechanic.gone_since if state.mechanic.is_in else None
    return gone_since if gone_since and all_time_given(state.session, gone_since) else None


def _pause_spent(state: SessionState) -> datetime | None:
    session = state.session
    if session.paused_at is None or session.pause_cause == Role.MECHANIC:
        return None
    return session.paused_at + lenient_left(session)


def lenient_left(session: Session) -> timedelta:
    """Return how much longer a missing customer or lost media may pause the clock."""
    return max(timedelta(), duration("lenient_pause") - timedelta(seconds=session.lenient_seconds_used))


def _unsummarized(state: SessionState) -> datetime | None:
    return None if ("summary", 0) in state.fired else state.session.ended_at


def _question_open(state: SessionState) -> datetime | None:
    return state.session.question_at if state.session.question_over_at is None else None


def _to_follow_up(state: SessionState) -> datetime | None:
    """Without a summary there is nothing that could hold."""
    session = state.session
    return session.ended_at if session.summarized_at and not session.follow_up else None


def _unanswered(state: SessionState) -> datetime | None:
    return state.session.ended_at if state.session.asks_solved else None


def _ended_early(state: SessionState) -> datetime | None:
    return state.session.ended_at if state.session.end_reason == EndReason.ENDED_BY_MECHANIC else None


def _first_queued(state: SessionState) -> datetime | None:
    session = state.session
    if session.is_private or session.released_at is not None:
        return None
    return session.opened_at or session.requested_at


def _preflight_failing(state: SessionState) -> datetime | None:
    """A participant is not in yet, and their device check keeps failing without a choice to join with less."""
    if state.session.kind == Kind.CHAT:
        return None
    parts = [seat.part for seat in (state.customer, state.mechanic) if not seat.is_in]
    return min((part.failing_since for part in parts if part and part.failing_since), default=None)


def _substitute_not_in(state: SessionState) -> datetime | None:
    return state.session.state_at if is_substitute_awaited(state.session) else None


def _second(fact: str) -> Callable[[SessionState], datetime | None]:
    """Return when this event happened for the second time in the session."""

    def of(state: SessionState) -> datetime | None:
        moments = sorted(at for (rule, _occasion), at in state.fired.items() if rule == fact)
        return moments[1] if len(moments) > 1 else None

    return of


# Things that are counted in a session stand in its log with one of these as their rule.
DROP, DECLINE = "drop", "decline"

PAYABLE = Trigger(_("the latest checkout expires"), lambda state: state.session.payable_until)
IN_STATE = Trigger(_("the session entered this state"), lambda state: state.session.state_at)
QUEUED = Trigger(_("all mechanics could see the request for the first time"), _first_queued)
PRIVATE = Trigger(
    _("the end of the time that a request is one mechanic’s alone"), lambda state: state.session.private_until
)
PAID = Trigger(_("the booking was paid"), lambda state: state.session.requested_at)
UNATTENDED = Trigger(_("the end of the request’s time in the queue"), lambda state: state.session.unattended_at)
MECHANIC_NOT_IN = Trigger(
    _("the acceptance, while the mechanic has not joined"),
    lambda state: None if state.mechanic.is_in else state.session.state_at,
)
MECHANIC_AWAY = Trigger(_("the mechanic’s last page closed, before they joined"), _mechanic_away)
CUSTOMER_AWAY = Trigger(_("the customer’s last page closed"), lambda state: _since_away(state.customer, state))
NO_SHOW = Trigger(_("the customer’s last page closed, while the mechanic waits and their time was spent"), _no_show)
PREFLIGHT_FAILING = Trigger(_("a participant’s device check has been failing"), _preflight_failing)
MECHANIC_GONE = Trigger(_("the mechanic’s last sign of life"), lambda state: _missing_since(state, Role.MECHANIC))
CUSTOMER_GONE = Trigger(_("the customer’s last sign of life"), lambda state: _missing_since(state, Role.CUSTOMER))
MEDIA_LOST = Trigger(_("sound and picture stopped, while they can pause the clock"), _media_lost)
NO_MEDIA = Trigger(_("sound and picture stopped, while both are in"), media_lost_since)
ENDS = Trigger(_("the end of the time, while the clock is running"), _running_end)
TIME_UP = Trigger(_("the end of the time, or of the wait for a payment"), _time_up)
STARTED = Trigger(_("the start of the session"), lambda state: state.session.started_at)
PAUSE_SPENT = Trigger(_("no pause is left for a missing customer or lost sound and picture"), _pause_spent)
MECHANIC_LOST = Trigger(_("the mechanic was noticed missing, and the clock is paused"), mechanic_lost_since)
SEARCH = Trigger(_("another mechanic was needed for the first time"), lambda state: state.session.search_at)
SUBSTITUTE_NOT_IN = Trigger(_("another mechanic took over, and has not joined"), _substitute_not_in)
USED_SHARE_OFFER = Trigger(_("the mechanic was noticed missing; the second time, at once"), _lost_before_offer)
CUSTOMER_LOST = Trigger(_("the customer was noticed missing"), _customer_noticed_missing)
SECOND_DROP = Trigger(_("a participant lost the connection for the second time"), _second(DROP))
SECOND_DECLINE = Trigger(_("a card was declined for the second time"), _second(DECLINE))
UNANSWERED = Trigger(_("the mechanic ended early, and the customer has not answered"), _unanswered)
ENDED_EARLY = Trigger(_("the mechanic ended early"), _ended_early)
UNSUMMARIZED = Trigger(_("the end of the session, while the summary is not written"), _unsummarized)
QUESTION_OPEN = Trigger(_("the customer’s question, while it is not answered"), _question_open)
TO_FOLLOW_UP = Trigger(_("the end of the session, once its summary is written"), _to_follow_up)
REPORTED = Trigger(_("reported immediately by the part of the system where it happens"), lambda state: None)
