"""Queries written once.

The ORM compiles each query anew, which on the paths that every deadline and every join goes through costs ten times
what the database does for it.
"""

from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


def rows(model: type[M], condition: str, *given: Any, lock: bool = False) -> list[M]:
    """The rows of a model where a condition in SQL holds. A list among what is given stands for `(…, …)`.

    `lock` holds the rows until the transaction ends; others may still refer to them.
    """
    locking = " FOR NO KEY UPDATE" if lock and connection.features.has_select_for_no_key_update else ""
    return list(model._default_manager.raw(*_select(model, "*", condition + locking, given)))


def values(model: type[Model], columns: str, condition: str, *given: Any) -> list[tuple[Any, ...]]:
    """Some columns of the same rows, as the database gives them."""
    with connection.cursor() as cursor:
        cursor.execute(*_select(model, columns, condition, given))
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _select(model: type[Model], columns: str, condition: str, given: tuple[Any, ...]) -> tuple[str, list[Any]]:
    lists = [value if isinstance(value, list) else [value] for value in given]
    # No id is nobody's: a list without any finds nothing.
    marks = [", ".join(["%s"] * len(one)) or "NULL" for one in lists]
    where = condition.replace("%s", "{}").format(*marks)
    sql = f"SELECT {columns} FROM {model._meta.db_table} WHERE {where}"  # noqa: S608 - from our own code only
    return sql, [_as_kept(value) for one in lists for value in one]


def _as_kept(value: Any) -> Any:
    """As this database keeps it."""
    return value.hex if isinstance(value, UUID) and not connection.features.has_native_uuid_field else value
