"""Go through a whole table in parts: no statement reads it from end to end, and none holds what it reads for long."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
CHUNK = 200  # rows: so few that looking up what belongs to each is cheaper than reading the other table

DELETED_AT_ONCE = 5_000


def in_chunks(rows: QuerySet[M], size: int = CHUNK) -> Iterator[QuerySet[M]]:
    """Yield all rows in parts of at most `size`, by their keys. What is added meanwhile may be left out."""
    rest = rows.order_by("pk")
    while keys := list(rest.values_list("pk", flat=True)[:size]):
        yield rows.filter(pk__gte=keys[0], pk__lte=keys[-1])
        rest = rows.filter(pk__gt=keys[-1]).order_by("pk")


def delete_in_chunks(
    rows: QuerySet[M], *, by: str, size: int = DELETED_AT_ONCE, first: Callable[[list[Any]], None] = lambda keys: None
) -> int:
    """Delete these rows, each part in a transaction of its own, but for those that somebody uses just now.

    `by` is the column, with an index, that says their age: each part begins where the last one has ended. `first` is
    called with the keys of each part, in its transaction. Return how many were deleted.
    """
    deleted = 0
    begin: dict[str, Any] = {}
    while found := _delete(rows.filter(**begin), by, size, first):
        deleted += len(found)
        begin = {f"{by}__gte": found[-1]}
    return deleted


@transaction.atomic
def _delete(rows: QuerySet[M], by: str, size: int, first: Callable[[list[Any]], None]) -> list[Any]:
    """Return the ages. Waiting for a row while we hold others could be a deadlock: those in use are left out."""
    locked = rows.order_by(by).select_for_update(skip_locked=True, of=("self",))
    found = list(locked.values_list("pk", by)[:size])
    if keys := [key for key, _age in found]:
        first(keys)
        rows.model._base_manager.filter(pk__in=keys).delete()
    return [age for _key, age in found]
