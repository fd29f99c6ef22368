"""The sessions of one person, who is the customer or the mechanic of each, and pages of sessions.

Each part is found by its own index, the newest first, and no further than the page reaches: for both at once the
database walks through everybody's sessions until it has met enough of this person's, or sorts all of theirs. Then only
the rows of the page are loaded.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, cast
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session

Match = tuple[datetime, UUID]  # when a session was booked, and its id


class OwnSessions:
    """Which sessions are the person's, the newest first; with `states` only those in one of them. A slice is read."""

    def __init__(self, person: User, states: Collection[str] = ()) -> None:
        in_states = Q(state__in=states) if states else Q()
        own = Session.objects.filter(in_states).order_by("-created_at").values_list("created_at", "id")
        self._parts: list[QuerySet[Session, Match]] = [own.filter(customer=person), own.filter(mechanic=person)]

    def count(self) -> int:
        one, other = (part.order_by() for part in self._parts)
        return one.union(other, all=True).count()

    def __getitem__(self, place: slice) -> list[Match]:
        newest = merge(*(part[: place.stop] for part in self._parts), key=lambda match: match[0], reverse=True)
        return list(islice(newest, place.start, place.stop))


def page_of(found: OwnSessions | list[Match], size: int, number: str | None) -> "Page[Session]":
    """Return one page of what was found, which is in order. Only its rows are loaded."""
    page: Page[Any] = Paginator(cast(Any, found), size).get_page(number)
    return Page(newest_of([id_ for _at, id_ in page]), page.number, page.paginator)


def newest_of(ids: Iterable[UUID]) -> list[Session]:
    """Return these sessions with their people, the newest first."""
    found = Session.objects.filter(id__in=ids).select_related("customer", "mechanic__mechanic_profile", "asked_for")
    return list(found.order_by("-created_at", "id"))
