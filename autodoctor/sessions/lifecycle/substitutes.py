"""Somebody goes on: a running session whose mechanic is lost or has to leave looks for another one, with the clock
paused.

The mechanic who left has no part in it any more, and keeps what they have earned. Whoever accepts it goes on with the
time that is left (`transitions.accept_request`). The search ends after its time, or when the customer ends the session.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.actions import switch_off
from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import visible_text
from autodoctor.sessions.event_data import NoteData, SearchData
from autodoctor.sessions.lifecycle import attendance, endings, fair_clock, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.notify import mail
from autodoctor.sessions.queries.substitutes import seconds_left
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import Seats, SessionState
from autodoctor.sessions.rules import settlement, triggers
from autodoctor.sessions.states import EndReason, EventKind, InvalidTransition, State, check

LONGEST_NOTE = 500  # characters
TOO_SHORT_SECONDS = 30  # so little time is not handed over: the session ends instead


class Why(StrEnum):
    """Why a running session needs another mechanic."""

    ASKED = "asked"  # by the customer, whose mechanic is lost
    LEAVES = "leaves"  # the mechanic has to
    BY_SUPPORT = "by_support"
    NOT_IN = "not_in"  # the one who took over did not come
    GIVEN_BACK = "given_back"  # by the one who took over, before joining


def ask_for_substitute(*, session_id: UUID, by: User, note: str = "", now: datetime) -> Session:
    """The customer of a lost mechanic asks for another one, or the mechanic has to leave, with a note for the next.

    With too little time left a mechanic who leaves ends the session, and the used share is charged. Repeating it
    changes nothing.
    """
    with session_transaction(session_id, now) as state:
        session = state.session
        if session.state == State.HANDING_OVER and _has_left(state, by):
            return session
        who = event_log.actor(by, session)
        transitions.check_party(who)
        if session.state == State.HANDING_OVER:
            return session
        check(session.state, State.HANDING_OVER)
        if who.role == Role.CUSTOMER:
            _check_lost(state, now)
            search(state, Why.ASKED, at=now, who=who)
        else:
            _leave(state, note, who, now)
        return session


def _leave(state: SessionState, note: str, who: event_log.Actor, now: datetime) -> None:
    """The mechanic has to leave: another one is looked for, or with too little time left it ends.

    Whoever has not joined yet knows nothing that the next one should: the note of the one before stays.
    """
    if triggers.is_substitute_awaited(state.session):
        return search(state, Why.GIVEN_BACK, at=now, who=who)
    if seconds_left(state.session, now) < TOO_SHORT_SECONDS:
        is_up = triggers.all_time_given(state.session, now)
        reason = EndReason.TIME_UP if is_up else EndReason.MECHANIC_LOST
        return endings.complete_session(state, reason, at=now, who=who)
    text = _checked(note)
    search(state, Why.LEAVES, at=now, who=who)
    return _note(state, text, who, now)


def search(state: SessionState, why: Why, *, at: datetime, who: event_log.Actor | None = None) -> None:
    """Take the running session from its mechanic, and show it to all others with the clock paused."""
    session = state.session
    if session.mechanic_id is None:
        raise InvalidTransition(session.state, State.HANDING_OVER)
    check(session.state, State.HANDING_OVER)
    paused = fair_clock.pause_for_search(state, at)
    _keep_share(state, at)
    left = attendance.vacate(state, why, at=at, who=who)
    session.private_until = None  # whoever was asked for alone has left
    session.search_at, session.handed_over = session.search_at or at, True
    data = SearchData(why=why, left=str(left))
    transitions.enter_state(state, State.HANDING_OVER, EventKind.SESSION_HANDING_OVER, at=at, who=who, data=data)
    if paused:
        session.clock_seq = event_log.append_event(session, EventKind.SESSION_PAUSED, at=at).seq
    if why is not Why.NOT_IN:
        mail.send_session_mail(session.customer, state, "handing_over", now=at, why=why)


def search_again(state: SessionState, at: datetime) -> None:
    """Whoever took the session over did not come, and takes no sessions for now: the search goes on to its end."""
    if state.session.mechanic:
        switch_off(state.session.mechanic, at)
    search(state, Why.NOT_IN, at=at)


def is_offered(state: Seats, now: datetime) -> bool:
    """Return whether the customer may ask for another mechanic: theirs is lost for as long as they had to wait."""
    offered_at = triggers.used_share_from(state)
    is_lost = triggers.mechanic_lost_since(state) is not None and offered_at is not None and offered_at <= now
    return is_lost and seconds_left(state.session, now) >= TOO_SHORT_SECONDS


def _check_lost(state: SessionState, now: datetime) -> None:
    if seconds_left(state.session, now) < TOO_SHORT_SECONDS:
        raise Refused("too_late", _("Too little time is left for another mechanic. You can end the session."))
    if not is_offered(state, now):
        raise Refused("mechanic_here", _("You can ask for another mechanic once yours has been away for a while."))


def _has_left(state: SessionState, by: User) -> bool:
    return any(part.user_id == by.id and part.handed_over_at for part in state.released)


def _keep_share(state: SessionState, at: datetime) -> None:
    """Write down how much of the time ran with the mechanic who leaves. Whoever never came has carried nothing."""
    part = state.mechanic.part
    if part and part.joined_at:
        before = sum(other.carried_seconds for other in state.released)
        part.carried_seconds = max(0, settlement.used_seconds(state.session, at) - before)
        part.handed_over_at = at


def _note(state: SessionState, text: str, who: event_log.Actor, now: datetime) -> None:
    """Keep the note for the next mechanic, and for support."""
    state.session.handover_note = text
    own = event_log.Audience.SUPPORT
    event_log.append_event(
        state.session, EventKind.HANDOVER_NOTED, at=now, by=who, audience=own, data=NoteData(text=text)
    )


def _checked(note: str) -> str:
    text = visible_text(note)
    if not text:
        raise Refused("no_note", _("Write a note for the next mechanic. A few words are enough."), 422, field="note")
    if len(text) > LONGEST_NOTE:
        raise Refused("too_long", _("This is too long. The limit is %d characters.") % LONGEST_NOTE, 422, field="note")
    return text
