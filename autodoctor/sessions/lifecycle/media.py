"""Media of a call: whether sound and picture arrive, and the consequences if they do not."""

from datetime import datetime
from uuid import UUID

from autodoctor.accounts.models import User
from autodoctor.sessions.event_data import ClockData
from autodoctor.sessions.lifecycle import fair_clock
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import ParticipantState, SessionState
from autodoctor.sessions.rules import triggers
from autodoctor.sessions.states import CLAIMED, RUNNING, EventKind, Kind


def report_media(
    *, session_id: UUID, by: User, receiving: bool | None, now: datetime, join_number: int | None = None
) -> Session:
    """Store whether the other participant's media arrive here. None: this page has no call.

    Does nothing outside a call or without a change, or if a page that joined later has reported: `join_number` is that
    of the reporting page, None: of the newest one.

    Raises `Session.DoesNotExist` for a stranger.
    """
    with session_transaction(session_id, now) as state:
        seat = state.seat(event_log.actor(by, state.session).role)
        speaks = seat.part is not None and seat.part.user_id == by.id and _speaks(seat.part, join_number)
        if speaks and state.session.kind != Kind.CHAT and state.session.state in CLAIMED:
            _note(state, seat, receiving, now)
        return state.session


def _speaks(part: Participant, join_number: int | None) -> bool:
    """Note which of a participant's pages speaks of the call. Return False if a later one has spoken already."""
    number = part.joins if join_number is None else join_number
    if number > part.receiving_join:
        part.receiving_join = number
        part.save(update_fields=["receiving_join"])
    return number >= part.receiving_join


def _note(state: SessionState, seat: ParticipantState, receiving: bool | None, now: datetime) -> None:
    part = seat.part
    if part is None or part.receiving is receiving:
        return
    heard_before = {each.role for each in (state.customer, state.mechanic) if each.is_heard}
    part.receiving, part.receiving_at = receiving, now
    part.save(update_fields=["receiving", "receiving_at"])
    state.listen()
    for each in (state.customer, state.mechanic):
        if each.role in heard_before and not each.is_heard:
            _last_heard(each, now)
    record_media_back(state, now)


def _last_heard(seat: ParticipantState, now: datetime) -> None:
    """For a participant whose page is closed, the last moment that their media arrived is the sign of life."""
    if seat.part and not seat.joined_page:
        seat.part.last_seen_at = now
        seat.part.save(update_fields=["last_seen_at"])


def stop_media(state: SessionState, now: datetime) -> None:
    """The call is over: no media arrive, and none are lost."""
    for seat in (state.customer, state.mechanic):
        _note(state, seat, None, now)


def record_media_lost(state: SessionState, at: datetime) -> None:
    """Pause the clock: both are in, but no media have arrived since `media_lost_since`."""
    since = triggers.media_lost_since(state)
    if since is not None:
        fair_clock.pause_for_lost_media(state.session, since)
        state.session.clock_seq = event_log.append_event(
            state.session, EventKind.SESSION_PAUSED, at=at, data=ClockData(why=fair_clock.MEDIA)
        ).seq


def record_media_back(state: SessionState, at: datetime) -> None:
    """Resume the clock: sound and picture are back."""
    session = state.session
    if (
        session.state in RUNNING
        and session.pause_cause == fair_clock.MEDIA
        and triggers.media_lost_since(state) is None
    ):
        fair_clock.resume_clock(session, at)
        session.clock_seq = event_log.append_event(
            session, EventKind.SESSION_RESUMED, at=at, data=ClockData(why=fair_clock.MEDIA)
        ).seq
