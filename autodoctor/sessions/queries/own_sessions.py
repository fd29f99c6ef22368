"""The sessions of one person, who is the customer or the mechanic of each, and pages of sessions.

Each part is found by its own index: for both at once the database walks through everybody's sessions, the newest first,
until it has met enough of this person's. Then only the rows of the page are loaded.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session

Match = tuple[datetime, UUID]  # when a session was booked, and its id


def own_sessions(person: User, states: Collection[str] = ()) -> "QuerySet[Session, Match]":
    """Return which sessions are the person's, the newest first; with `states` only those in one of them."""
    own = Session.objects.order_by().values_list("created_at", "id")
    if states:
        own = own.filter(state__in=states)
    return own.filter(customer=person).union(own.filter(mechanic=person), all=True).order_by("-created_at")


def page_of(found: "QuerySet[Session, Match] | list[Match]", size: int, number: str | None) -> "Page[Session]":
    """Return one page of what was found, which is in order. Only its rows are loaded."""
    page: Page[Any] = Paginator(cast(Any, found), size).get_page(number)
    return Page(newest_of([id_ for _at, id_ in page]), page.number, page.paginator)


def newest_of(ids: Iterable[UUID]) -> list[Session]:
    """Return these sessions with their people, the newest first."""
    found = Session.objects.filter(id__in=ids).select_related("customer", "mechanic")
    return list(found.order_by("-created_at", "id"))
