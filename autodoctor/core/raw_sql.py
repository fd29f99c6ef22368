"""Prepared raw queries.

The ORM compiles each query again. On the paths of every deadline and every join that costs ten times the database's
work.
"""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model

M = TypeVar("M", bound=Model)


def rows(model: type[M], condition: str, *given: Any, lock: bool = False, skip_locked: bool = False) -> list[M]:
    """Return a model's rows that match an SQL condition. A list among the parameters becomes `(…, …)`.

    `lock` locks the rows until the transaction ends; other rows may still refer to them. `skip_locked`: without those
    that another transaction has locked.
    """
    locking = " FOR NO KEY UPDATE" if lock and connection.features.has_select_for_no_key_update else ""
    locking += " SKIP LOCKED" if locking and skip_locked else ""
    return list(model._default_manager.raw(*_select(model, "*", condition + locking, given)))


def values(model: type[Model], columns: str, condition: str, *given: Any) -> list[tuple[Any, ...]]:
    """Return some columns of the same rows, as the database gives them."""
    with connection.cursor() as cursor:
        cursor.execute(*_select(model, columns, condition, given))
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def insert_missing(model: type[Model], columns: Sequence[str], given: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of these columns. A row whose key is there already stays as it is."""
    if not given:
        return
    meta = model._meta
    fields = [next(field for field in meta.concrete_fields if field.column == column) for column in columns]
    row = f"({', '.join(['%s'] * len(columns))})"
    sql = f"INSERT INTO {meta.db_table} ({', '.join(columns)}) VALUES {', '.join([row] * len(given))}"  # noqa: S608
    values = [
        field.get_db_prep_save(value, connection) for one in given for field, value in zip(fields, one, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ON CONFLICT DO NOTHING", values)


def _select(model: type[Model], columns: str, condition: str, given: tuple[Any, ...]) -> tuple[str, list[Any]]:
    lists = [value if isinstance(value, list) else [value] for value in given]
    # An empty list of ids must find nothing.
    marks = [", ".join(["%s"] * len(one)) or "NULL" for one in lists]
    where = condition.replace("%s", "{}").format(*marks)
    sql = f"SELECT {columns} FROM {model._meta.db_table} WHERE {where}"  # noqa: S608 - from our own code only
    return sql, [_as_kept(value) for one in lists for value in one]


def _as_kept(value: Any) -> Any:
    """Convert a value to this database's form."""
    return value.hex if isinstance(value, UUID) and not connection.features.has_native_uuid_field else value
