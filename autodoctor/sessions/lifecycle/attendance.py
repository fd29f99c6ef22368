"""Mechanics come in, leave, and lose a session or have it again. How long they were in: `rules/spent_time.py`."""

from datetime import datetime
from uuid import UUID

from autodoctor.accounts.models import Role
from autodoctor.sessions.models import Participant
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import ParticipantState, SessionState
from autodoctor.sessions.rules import shares
from autodoctor.sessions.rules.spent_time import seconds_in
from autodoctor.sessions.rules.triggers import is_substitute_awaited


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
    _forget_media(state)
    event_log.withdraw_participant(session, Role.MECHANIC)
    return freed


def _forget_media(state: SessionState) -> None:
    """Nobody's sound and picture arrive at the customer: the next mechanic's are no return of these."""
    if part := state.customer.part:
        part.receiving = part.receiving_at = None
        part.save(update_fields=["receiving", "receiving_at"])
    state.listen()


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
