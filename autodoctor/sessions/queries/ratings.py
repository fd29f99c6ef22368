"""Ratings as others read them: the deadline for a rating, a mechanic's average, customers' comments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from autodoctor.accounts.models import User
from autodoctor.core import acting
from autodoctor.core.raw_sql import values
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State

OPEN_FOR = timedelta(days=14)  # after the end of a session
MOST_STARS = 5


def is_open(session: Session, now: datetime) -> bool:
    return session.state == State.COMPLETED and session.ended_at is not None and now < session.ended_at + OPEN_FOR


@dataclass(frozen=True)
class RatingAverage:
    """A mechanic's average over `count` sessions; None without ratings."""

    average: float | None = None
    count: int = 0


NOT_RATED = RatingAverage()


@acting.system
def rating_averages(mechanics: Iterable[User | None]) -> dict[UUID | None, RatingAverage]:
    """Return averages by mechanic id, in one query that reads an index alone. Mechanics without ratings are left
    out.
    """
    known = list({mechanic.id for mechanic in mechanics if mechanic})
    columns, rated = "mechanic_id, AVG(stars), COUNT(stars)", "mechanic_id IN (%s) AND stars IS NOT NULL"
    found = values(Session, columns, f"{rated} GROUP BY mechanic_id", known) if known else []
    return {UUID(str(mechanic_id)): RatingAverage(float(average), count) for mechanic_id, average, count in found}


def rating_average(mechanic: User) -> RatingAverage:
    return rating_averages([mechanic]).get(mechanic.id, NOT_RATED)


@acting.system
def latest_reviews(mechanic: User, limit: int = 10) -> list[dict[str, Any]]:
    """Return the latest ratings with a comment, without the customer's name and car."""
    rated = Session.objects.filter(mechanic=mechanic, stars__isnull=False).exclude(rating_line="")
    return [{**row} for row in rated.order_by("-rated_at").values("stars", "rating_line", "rated_at")[:limit]]
