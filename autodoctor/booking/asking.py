"""The part of the intake that asks for one mechanic: how they stand now, and for how long the request may be theirs."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.forms import Form

from autodoctor.accounts.models import User
from autodoctor.core import links
from autodoctor.core.formatting import iso, time_of_day
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.queries import private_requests, ratings
from autodoctor.sessions.queries.private_requests import Availability
from autodoctor.sessions.queries.ratings import RatingAverage
from autodoctor.sessions.rules.triggers import duration

PRESELECTED = 2  # of the times: about a quarter of an hour ahead


@dataclass(frozen=True)
class Choice:
    """A time that the customer may pick; `value` is ISO 8601."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True)
class Asking:
    """Whom the intake asks for. `mechanic` is None if nobody of that id can be asked."""

    mechanic: User | None
    now: datetime
    picked: str  # the time that was sent before

    @cached_property
    def availability(self) -> Availability:
        return private_requests.availability(self.mechanic, self.now) if self.mechanic else Availability.AWAY

    @cached_property
    def standing(self) -> RatingAverage:
        return ratings.rating_average(self.mechanic) if self.mechanic else ratings.NOT_RATED

    @property
    def free_for(self) -> str:
        """Return how long a request is theirs alone while they take sessions, in words."""
        return format_duration(duration("private_free").total_seconds())

    @property
    def longest(self) -> str:
        """Return how long a request may be theirs alone at most, in words."""
        return format_duration(duration("private_longest").total_seconds())

    @property
    def page(self) -> str:
        return links.mechanic_page(self.mechanic.id) if self.mechanic else ""

    @property
    def choices(self) -> list[Choice]:
        moments = private_requests.choices(self.now)
        values = [iso(moment) for moment in moments]
        chosen = self.picked if self.picked in values else values[min(PRESELECTED, len(values) - 1)] if values else ""
        labels = zip(moments, values, strict=True)
        return [Choice(value, time_of_day(moment), selected=value == chosen) for moment, value in labels]


def asking_of(form: Form, person: User | None, now: datetime) -> Asking | None:
    """Return what the intake says of the mechanic whom it asks for; None while it asks for nobody, or nobody has
    signed in: who works here is not told to visitors.
    """
    wanted = str(form["ask_for"].value() or "")
    if not wanted or person is None:
        return None
    return Asking(private_requests.askable(_as_id(wanted), person), now, str(form["ask_until"].value() or ""))


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
