"""The fair clock: absences pause the clock, and `ends_at` moves by the pause. Changes the object in memory only."""

from datetime import datetime, timedelta

from autodoctor.accounts.models import Role
from autodoctor.sessions.models import Session
from autodoctor.sessions.record.participants import SessionState, missing_roles
from autodoctor.sessions.rules import triggers
from autodoctor.sessions.rules.triggers import lenient_left
from autodoctor.sessions.states import EventKind

DROPS_BEFORE_OFFER = 2
MEDIA = "media"  # a cause of a pause, like the two roles


def start_clock(session: Session, now: datetime) -> None:
    session.started_at = session.clock_at = now
    session.ends_at = now + timedelta(seconds=session.granted_seconds)


def may_pause(session: Session, role: str) -> bool:
    """Return whether this absence may pause the clock: a mechanic's always, a customer's while the allowance lasts."""
    return role == Role.MECHANIC or lenient_left(session) > timedelta()


def follow_presence(state: SessionState, at: datetime, leaving: str) -> list[EventKind]:
    """Pause or resume as attendance demands; returns the events that tell it, in order.

    A pause begins at the last sign of life of the one who is leaving, else (the cause changes hands) now.
    """
    session, left_at = state.session, state.seat(leaving).left_at if leaving else None
    gone = missing_roles(state, left_at)
    first = gone[0].role if gone else ""  # the first to leave decides; lost media have no role
    cause = first if may_pause(session, first) else ""
    told = _change_pause(session, cause, left_at or at, at) if cause != session.pause_cause else []
    if first == Role.CUSTOMER and not cause:
        session.unpaused_at = session.unpaused_at or max(left_at or at, session.clock_at or at)
    else:
        _count_unpaused(session, at)
    return told


def _change_pause(session: Session, cause: str, since: datetime, at: datetime) -> list[EventKind]:
    told = []
    if session.paused_at:
        resume_clock(session, at)
        told.append(EventKind.SESSION_RESUMED)
    if cause:
        pause_clock(session, cause, since)
        told.append(EventKind.SESSION_PAUSED)
    return told


def count_drop(session: Session, at: datetime) -> None:
    """The mechanic lost the connection while the session ran. From the second time on, the customer may end."""
    session.mechanic_drops += 1
    if session.mechanic_drops >= DROPS_BEFORE_OFFER:
        session.used_share_from = session.used_share_from or at


def keep_offer(state: SessionState, now: datetime) -> None:
    """Once the mechanic was away for long enough, the offer to pay only the used share stays to the end."""
    offered_at = triggers.used_share_from(state)
    if offered_at and offered_at <= now:
        state.session.used_share_from = offered_at


def extend_clock(session: Session, seconds: int, at: datetime) -> None:
    """Move the end of the time. A running pause continues; `clock_at` stays because a pause may begin before now."""
    session.granted_seconds += seconds
    session.allowed_seconds = max(0, session.allowed_seconds - seconds) if session.allowed_seconds is not None else None
    session.extended_at, session.hold_until = at, None
    if session.ends_at:
        session.ends_at += timedelta(seconds=seconds)


def pause_for_search(state: SessionState, at: datetime) -> bool:
    """Pause until another mechanic is here; returns whether the clock did not stand for the mechanic before.

    The customer may end and pay the used share from now on.
    """
    session = state.session
    keep_offer(state, at)
    session.used_share_from = session.used_share_from or at
    _count_unpaused(session, at)
    if session.pause_cause == Role.MECHANIC:
        return False
    _change_pause(session, Role.MECHANIC, state.mechanic.gone_since or at, at)
    return True


def pause_for_lost_media(session: Session, since: datetime) -> None:
    """Pause the clock while both are in but sound and picture do not arrive."""
    pause_clock(session, MEDIA, since)


def pause_clock(session: Session, cause: str, since: datetime) -> None:
    """Pause from the missing participant's last sign of life, but not from before the clock was last set."""
    session.paused_at = max(since, session.clock_at or since)
    session.pause_cause = cause


def resume_clock(session: Session, at: datetime) -> None:
    """Move the end by the pause. A limited pause counts only up to its allowance."""
    if session.paused_at is None or session.ends_at is None:
        return
    gap = max(timedelta(), at - session.paused_at)
    if session.pause_cause != Role.MECHANIC:
        gap = min(gap, lenient_left(session))
    _count_given_back(session, gap.total_seconds())
    if session.pause_cause == Role.CUSTOMER and not may_pause(session, Role.CUSTOMER):
        session.unpaused_at = session.paused_at + gap
    session.ends_at += gap
    session.hold_until = session.hold_until and session.hold_until + gap
    session.paused_at, session.pause_cause, session.clock_at = None, "", at


def stop_clock(session: Session, at: datetime) -> None:
    """The session is over: a pause, or an absence that did not pause, counts until now."""
    resume_clock(session, at)
    _count_unpaused(session, at)


def _count_given_back(session: Session, seconds: float) -> None:
    if session.pause_cause == Role.MECHANIC:
        session.mechanic_lost_seconds += seconds
    elif session.pause_cause == Role.CUSTOMER:
        session.customer_lost_seconds += seconds
    else:
        session.media_lost_seconds += seconds


def _count_unpaused(session: Session, at: datetime) -> None:
    """Nobody loses time that was not granted: what follows the end of the time does not count."""
    if session.unpaused_at is None:
        return
    until = min(at, session.ends_at or at)
    session.unpaused_lost_seconds += max(0.0, (until - session.unpaused_at).total_seconds())
    session.unpaused_at = None
