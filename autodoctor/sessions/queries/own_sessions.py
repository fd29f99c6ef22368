"""The sessions of one person, who is the customer or the mechanic of each, the newest first.

Each part is found by its own index: for both at once the database walks through everybody's sessions, the newest first,
until it has met enough of this person's. Only the rows of the page are loaded.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.sessions.models import Session


@dataclass(frozen=True)
class OwnSessions:
    """Counted and sliced, as a paginator does it. `states`: only these; none for all."""

    person: User
    states: Collection[str] = ()

    def count(self) -> int:
        return self._found().count()

    def __len__(self) -> int:
        return self.count()

    def __getitem__(self, part: slice) -> list[Session]:
        return newest_of([session_id for session_id, _at in self._found().order_by("-created_at")[part]])

    def _found(self) -> "QuerySet[Any, Any]":
        own = Session.objects.order_by().values_list("id", "created_at")
        if self.states:
            own = own.filter(state__in=self.states)
        return own.filter(customer=self.person).union(own.filter(mechanic=self.person), all=True)


def newest_of(ids: Iterable[UUID]) -> list[Session]:
    """Return these sessions with their people, the newest first."""
    found = Session.objects.filter(id__in=ids).select_related("customer", "mechanic")
    return list(found.order_by("-created_at", "id"))
