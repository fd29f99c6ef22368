"""Fit: a request is about makes and systems, and a mechanic knows some of them. It orders, and never hides."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, QuerySet, When

from autodoctor.accounts.models import User
from autodoctor.sessions.models import NeededSkill, Session
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.rules.triggers import duration

LONG, FITTING, OTHER = range(3)
_IN_ORDER = ("skill__kind", "skill__position", "skill__name")


def queue_of(mechanic: User, now: datetime) -> QuerySet[Session]:
    """Return the queue as a mechanic sees it. What comes first for all stays first, then what has waited long, then
    what fits, each by its wait.

    Long is as long as support is called after: from then on a request is anybody's, and none that fits comes before.
    """
    order = Case(
        When(requested_at__lte=now - duration("unnoticed"), then=LONG),
        When(Exists(_shared(mechanic).filter(session=OuterRef("pk"))), then=FITTING),
        default=OTHER,
    )
    requests = eligibility.requests_open_to(mechanic)
    *first, wait, key = requests.query.order_by
    return requests.order_by(*first, order, wait, key)


def shared_skills(sessions: Collection[Session], mechanic: User) -> dict[UUID, list[str]]:
    """Return the names of what each session is about and this mechanic knows, makes first."""
    found: dict[UUID, list[str]] = defaultdict(list)
    shared = _shared(mechanic).filter(session__in=[session.id for session in sessions])
    for session_id, name in shared.order_by(*_IN_ORDER).values_list("session_id", "skill__name"):
        found[session_id].append(name)
    return found


def needed_skills(session: Session) -> list[str]:
    """Return the names of what a session is about, makes first."""
    needed = NeededSkill.objects.filter(session=session, skill__active=True).order_by(*_IN_ORDER)
    return list(needed.values_list("skill__name", flat=True))


def _shared(mechanic: User) -> QuerySet[NeededSkill]:
    return NeededSkill.objects.filter(skill__active=True, skill__in=mechanic.known_skills.values("skill"))
