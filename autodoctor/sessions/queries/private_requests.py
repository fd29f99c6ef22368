"""Whom a customer may ask for, how that mechanic stands, and until when a request may be theirs alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.core import acting
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.queries.eligibility import Obstacle
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import State

STEP = timedelta(minutes=5)  # between two times that a customer may pick
MOST_CHOICES = 8


class Availability(StrEnum):
    """How a mechanic stands, as a customer reads it."""

    FREE = "free"  # takes sessions and can accept now
    BUSY = "busy"  # in a session
    AWAY = "away"


@dataclass(frozen=True)
class Ask:
    """A customer asks for this mechanic. `only`: nobody else may have the request; `until`: as long as it is theirs
    alone, None for as long as the rules say.
    """

    mechanic: User
    only: bool = False
    until: datetime | None = None


def mechanics() -> "QuerySet[User]":
    """Return everybody who works here as a mechanic."""
    return User.objects.filter(User.MECHANICS).select_related("mechanic_profile")


def askable(mechanic_id: UUID | None, customer: User) -> User | None:
    """Return the mechanic, if this customer may ask for them."""
    return mechanics().filter(pk=mechanic_id).exclude(pk=customer.pk).first() if mechanic_id else None


def availability(mechanic: User, now: datetime) -> Availability:
    found = eligibility.obstacles(mechanic, now)
    if not found:
        return Availability.FREE
    return Availability.BUSY if found == [Obstacle.IN_SESSION] else Availability.AWAY


def choices(now: datetime) -> list[datetime]:
    """Return the times that a customer may pick, on the clock's five minutes, none within the next five."""
    least, last = (now + STEP).timestamp(), now + duration("private_longest")
    first = datetime.fromtimestamp(-(-least // STEP.total_seconds()) * STEP.total_seconds(), tz=now.tzinfo)
    found = [first + number * STEP for number in range(MOST_CHOICES)]
    return [moment for moment in found if moment <= last]


def is_choice(moment: datetime, now: datetime) -> bool:
    """Return whether a request may be private until then: it lies ahead, and not further than the rules allow."""
    return now < moment <= now + duration("private_longest")


def private_until(session: Session, now: datetime) -> datetime:
    """Return until when a request whose hold is placed now is private; at once over, if its mechanic works here no
    more or the time that was picked has passed.
    """
    longest = now + duration("private_longest")
    if session.asked_for is None or not session.asked_for.is_mechanic:
        return now
    if session.asked_until:
        return max(now, min(session.asked_until, longest))
    return longest if session.asked_only else min(now + duration("private_free"), longest)


@acting.system
def private_to(mechanic_id: UUID, asked_before: datetime) -> list[UUID]:
    """Return the requests that wait for this mechanic alone since then or longer."""
    waiting = Session.objects.filter(state=State.REQUESTED, asked_for=mechanic_id, private_until__isnull=False)
    return list(waiting.filter(state_at__lte=asked_before).order_by("id").values_list("id", flat=True))


@acting.system
def left_alone() -> list[UUID]:
    """Return the requests that wait for somebody alone who is no mechanic here any more."""
    waiting = Session.objects.filter(state=State.REQUESTED, private_until__isnull=False)
    return list(waiting.exclude(asked_for__in=mechanics().values("pk")).order_by("id").values_list("id", flat=True))


def open_request_to(customer: User, mechanic: User) -> Session | None:
    """Return the customer's request that waits for this mechanic alone."""
    mine = Session.objects.filter(customer=customer, asked_for=mechanic, state=State.REQUESTED)
    return mine.filter(private_until__isnull=False).order_by("-created_at").first()
