"""How long a mechanic has been in: their time is spent when the customer stops, whoever is in then."""

from datetime import datetime, timedelta
from uuid import UUID

from autodoctor.accounts.models import Role
from autodoctor.sessions.models import Participant
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import ParticipantState, Seats, SessionState
from autodoctor.sessions.rules import shares
from autodoctor.sessions.rules.triggers import duration, is_substitute_awaited


def come_in(part: Participant, at: datetime) -> None:
    part.in_since = at


def leave(part: Participant, at: datetime) -> None:
    part.in_seconds, part.in_since = seconds_in(part, at), None


def vacate(state: SessionState, reason: str, *, at: datetime, who: event_log.Actor | None) -> UUID | None:
    """Take the session from its mechanic, who has no part in it any more; returns their id.

    What their pages were told, and their thread with support, is support's from now on.
    """
    session, freed = state.session, state.session.mechanic_id
    if part := state.mechanic.part:
        leave(part, state.mechanic.gone_since or at)
        part.released_at, part.release_reason, part.present = at, reason[:40], False
        part.released_by = who.role if who else ""
        part.save()
        state.released.append(part)
    session.mechanic, state.mechanic, session.allowed_seconds = None, ParticipantState(Role.MECHANIC), None
    event_log.withdraw_participant(session, Role.MECHANIC)
    return freed


def give_back(state: SessionState, at: datetime) -> None:
    """A running session is about to end while nobody has it: whoever had it last has it again, for the summary.

    Whoever took it over and did not join has nothing to write about.
    """
    if is_substitute_awaited(state.session):
        vacate(state, "ended_first", at=at, who=None)
    last = shares.chain(state.released)[-1]
    last.released_at, last.release_reason, last.released_by = None, "", ""
    last.save(update_fields=["released_at", "release_reason", "released_by"])
    state.released.remove(last)
    state.session.mechanic, state.mechanic.part = last.user, last


def seconds_in(part: Participant, at: datetime) -> float:
    """Return how long this participant was in until `at`, all times together."""
    this_time = (at - part.in_since).total_seconds() if part.in_since else 0.0
    return part.in_seconds + max(0.0, this_time)


def spent_at(part: Participant) -> datetime | None:
    """Return when this participant will have been in for long enough if they stay; None while they are not in."""
    left = duration("mechanic_time_spent") - timedelta(seconds=part.in_seconds)
    return part.in_since and part.in_since + left


def spent_mechanic(state: Seats, now: datetime) -> UUID | None:
    """Return the id of the mechanic whose time was spent: who has the session, or whom the customer sent back last.

    A mechanic who gave it back, or from whom support or a deadline took it, is nothing that the customer pays for.
    """
    candidates = [part for part in state.released if part.released_by == Role.CUSTOMER]
    candidates.sort(key=lambda part: part.released_at or now)
    if state.mechanic.part:
        candidates.append(state.mechanic.part)
    least = duration("mechanic_time_spent").total_seconds()
    seen_until = state.mechanic.gone_since or now
    spent = [part.user_id for part in candidates if seconds_in(part, min(seen_until, now)) >= least]
    return spent[-1] if spent else None
