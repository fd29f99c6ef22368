"""How long a mechanic has been in: their time is spent when the customer stops, whoever is in then."""

from datetime import datetime, timedelta
from uuid import UUID

from autodoctor.accounts.models import Role
from autodoctor.sessions.models import Participant
from autodoctor.sessions.record.participants import Seats
from autodoctor.sessions.rules import durations


def seconds_in(part: Participant, at: datetime) -> float:
    """Return how long this participant was in until `at`, all times together."""
    this_time = (at - part.in_since).total_seconds() if part.in_since else 0.0
    return part.in_seconds + max(0.0, this_time)


def spent_at(part: Participant) -> datetime | None:
    """Return when this participant will have been in for long enough if they stay; None while they are not in."""
    left = timedelta(seconds=durations.seconds("mechanic_time_spent") - part.in_seconds)
    return part.in_since and part.in_since + left


def spent_mechanic(state: Seats, now: datetime) -> UUID | None:
    """Return the id of the mechanic whose time was spent: who has the session, or whom the customer sent back last.

    A mechanic who gave it back, or from whom support or a deadline took it, is nothing that the customer pays for.
    """
    candidates = [part for part in state.released if part.released_by == Role.CUSTOMER]
    candidates.sort(key=lambda part: part.released_at or now)
    if state.mechanic.part:
        candidates.append(state.mechanic.part)
    least = durations.seconds("mechanic_time_spent")
    seen_until = state.mechanic.gone_since or now
    spent = [part.user_id for part in candidates if seconds_in(part, min(seen_until, now)) >= least]
    return spent[-1] if spent else None
