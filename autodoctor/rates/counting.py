"""Count uses of a limit in the database, so that all processes count together.

A use moves the moment at which the whole limit is free again by `every`; it is refused where that moment would be more
than `at_once` uses away. One statement decides and counts, so that no two uses pass on the same count. Without an
answer of the database nothing is allowed: whatever is limited needs the database, too.
"""

from datetime import datetime
from math import ceil

from django.db import connection

from autodoctor.core.errors import TooFast
from autodoctor.rates.limits import Limit

ROUNDING = 1e-6  # seconds
_TAKE = """
INSERT INTO rates_count (key, full_at) VALUES (%(key)s, %(now)s + %(every)s)
ON CONFLICT (key) DO UPDATE SET full_at =
    CASE WHEN rates_count.full_at > %(now)s THEN rates_count.full_at ELSE %(now)s END + %(every)s
WHERE rates_count.full_at + %(every)s <= %(latest)s
"""


def take(limit: Limit, who: str, now: datetime) -> None:
    """Count one use by `who`. Raises `TooFast` if there is none left. Call outside the transaction of what is done."""
    if not allows(limit, who, now):
        raise TooFast(seconds_until_next(limit, who, now), limit.sentence)


def allows(limit: Limit, who: str, now: datetime) -> bool:
    """Count one use by `who`, and return whether it was allowed. A refused one is not counted."""
    at_once, every = limit.pace
    at = now.timestamp()
    given: dict[str, str | float] = {
        "key": key_of(limit, who),
        "now": at,
        "every": every,
        "latest": at + at_once * every + ROUNDING,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, given)
        return bool(cursor.rowcount)


def seconds_until_next(limit: Limit, who: str, now: datetime) -> int:
    """Return how long to wait for one more use: whole seconds, at least one."""
    at_once, every = limit.pace
    with connection.cursor() as cursor:
        cursor.execute("SELECT full_at FROM rates_count WHERE key = %s", [key_of(limit, who)])
        found = cursor.fetchone()
    wait = found[0] - (at_once - 1) * every - now.timestamp() if found else 0
    return max(1, ceil(wait - ROUNDING))


def person(user_id: object) -> str:
    """Return who is counted, for a person."""
    return f"person:{user_id}"


def key_of(limit: Limit, who: str) -> str:
    return f"{limit.name}:{who}"


def next_full_at(pace: tuple[int, float], full_at: float, at: float) -> float | None:
    """Return when a limit is free again after one more use at `at` (seconds since 1970); None if it is refused."""
    at_once, every = pace
    moved = max(full_at, at) + every
    return moved if moved <= at + at_once * every + ROUNDING else None
