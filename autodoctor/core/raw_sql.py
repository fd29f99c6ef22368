"""Prepared raw queries.

The ORM compiles each query again. On the paths of every deadline, every join and every page that costs ten times the
database's work.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model
from django.db.models.expressions import Col

from autodoctor.core.folded_columns import made_of

M = TypeVar("M", bound=Model)
AnyField: TypeAlias = "Field[Any, Any]"
Convert: TypeAlias = Callable[[Any, Col, Any], Any]


class _Shape(NamedTuple):
    """How a model's rows are read."""

    columns: str
    qualified: str  # the same, each with its table
    names: tuple[str, ...]


class _Update(NamedTuple):
    """How columns of many rows are written: the statement around its rows, of which the `first` says the types."""

    fields: tuple[AnyField, ...]  # what is given for each row, its key first
    before: str
    first: str
    after: str


def rows(model: type[M], condition: str, *given: Any, lock: bool = False, skip_locked: bool = False) -> list[M]:
    """Return a model's rows that match an SQL condition. A list among the parameters becomes `(…, …)`.

    `lock` locks the rows until the transaction ends; other rows may still refer to them. `skip_locked`: without those
    that another transaction has locked.
    """
    locking = " FOR NO KEY UPDATE" if lock and connection.features.has_select_for_no_key_update else ""
    locking += " SKIP LOCKED" if locking and skip_locked else ""
    shape = _shape(model, connection.vendor)
    return _made(model, shape, values(model, shape.columns, condition + locking, *given))


def rows_beside(model: type[M], name: str, condition: str, *given: Any) -> list[M]:
    """Return the same, each with the one row that the relation `name` leads to, or None, read in the same query."""
    relation: Any = model._meta.get_field(name)
    other: type[Model] = relation.related_model
    shape, beside = _shape(model, connection.vendor), _shape(other, connection.vendor)
    table, others = model._meta.db_table, other._meta.db_table
    ours, theirs = ("pk", relation.field.attname) if relation.auto_created else (relation.attname, "pk")
    link = f"{others}.{_column(other, theirs)} = {table}.{_column(model, ours)}"
    columns = f"{shape.qualified}, {beside.qualified}"
    found = values(model, columns, condition, *given, source=f"{table} LEFT JOIN {others} ON {link}")
    width, key = len(shape.names), beside.names.index(str(other._meta.pk.attname))
    models = _made(model, shape, [row[:width] for row in found])
    for one, row in zip(models, found, strict=True):
        [there] = _made(other, beside, [row[width:]]) if row[width + key] is not None else [None]
        relation.set_cached_value(one, there)
        if there is not None and relation.one_to_one:
            relation.remote_field.set_cached_value(there, one)
    return models


def values(model: type[Model], columns: str, condition: str, *given: Any, source: str = "") -> list[tuple[Any, ...]]:
    """Return some columns of the same rows, as the database gives them. `source`: the table, with others joined."""
    with connection.cursor() as cursor:
        cursor.execute(*_select(source or model._meta.db_table, columns, condition, given))
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def insert_missing(model: type[Model], columns: Sequence[str], given: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of these columns. A row whose key is there already stays as it is."""
    if not given:
        return
    meta = model._meta
    fields = [next(field for field in meta.concrete_fields if field.column == column) for column in columns]
    marks = ", ".join([_marks(len(columns))] * len(given))
    sql = f"INSERT INTO {meta.db_table} ({', '.join(columns)}) VALUES {marks}"  # noqa: S608
    values = [
        field.get_db_prep_save(value, connection) for one in given for field, value in zip(fields, one, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} ON CONFLICT DO NOTHING", values)


def update_rows(models: Sequence[M], columns: Collection[str]) -> None:
    """Write these columns of many rows of one model, each with its own values, in one statement.

    Raises `DatabaseError` unless every row is there.
    """
    update = _update(type(models[0]), frozenset(columns), connection.vendor)
    others = [_marks(len(update.fields))] * (len(models) - 1)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{update.before}{', '.join([update.first, *others])}{update.after}",
            [_written(field, one) for one in models for field in update.fields],
        )
        if cursor.rowcount != len(models):
            raise DatabaseError(f"{cursor.rowcount} of {len(models)} rows of {models[0]._meta.db_table} were there")


@lru_cache(256)  # there are as many as actions that write together
def _update(model: type[Model], columns: frozenset[str], vendor: str) -> _Update:
    written = {*columns, *made_of(model, columns)}
    fields = [field for field in model._meta.concrete_fields if field.attname in written]
    key, *_fields = given = [model._meta.pk, *fields]
    changes = ", ".join(f"{_quoted(field)} = given.column{number}" for number, field in enumerate(fields, start=2))
    table = model._meta.db_table
    return _Update(
        tuple(given),
        f"UPDATE {table} SET {changes} FROM (VALUES ",  # noqa: S608 - from our own code only
        f"({', '.join(f'%s{_cast(field)}' for field in given)})",  # NULL alone has no type
        f") AS given WHERE {table}.{_quoted(key)} = given.column1",
    )


@cache
def _shape(model: type[Model], vendor: str) -> _Shape:
    """`vendor`: of the database that is asked; one process may ask two in its life."""
    fields, table = model._meta.concrete_fields, model._meta.db_table
    quoted = [_quoted(field) for field in fields]
    return _Shape(
        ", ".join(quoted), ", ".join(f"{table}.{name}" for name in quoted), tuple(field.attname for field in fields)
    )


def _converting(model: type[Model], ours: BaseDatabaseWrapper) -> list[tuple[int, Col, Convert]]:
    """Return how a connection's rows become Python's values. Kept with the connection, to which the converters belong:
    to find them again for each query costs six times as much as to make a session of its row.
    """
    kept: dict[type[Model], list[tuple[int, Col, Convert]]] = vars(ours).setdefault("raw_sql_converters", {})
    if model not in kept:
        columns = [field.get_col(model._meta.db_table) for field in model._meta.concrete_fields]
        kept[model] = [
            (place, column, convert)
            for place, column in enumerate(columns)
            for convert in (*ours.ops.get_db_converters(column), *column.get_db_converters(ours))
        ]
    return kept[model]


def _made(model: type[M], shape: _Shape, found: list[tuple[Any, ...]]) -> list[M]:
    """Return a model for each row, as the ORM makes them."""
    ours = connections[DEFAULT_DB_ALIAS]
    converting = _converting(model, ours)
    made = []
    for row in found:
        fields = [*row]
        for place, column, convert in converting:
            fields[place] = convert(fields[place], column, ours)
        made.append(model.from_db(ours.alias, shape.names, fields))
    return made


def _column(model: type[Model], name: str) -> str:
    meta = model._meta
    return _quoted(meta.pk if name == "pk" else next(each for each in meta.concrete_fields if each.attname == name))


def _marks(count: int) -> str:
    """Return the parameters of one row."""
    return f"({', '.join(['%s'] * count)})"


def _quoted(field: AnyField) -> str:
    return connection.ops.quote_name(str(field.column))


def _cast(field: AnyField) -> str:
    """Return the suffix that gives a value its column's type, without a length: a cast to that cuts."""
    kind = str(field.cast_db_type(connection)).partition("(")[0]
    return f"::{kind}" if connection.vendor == "postgresql" else ""


def _written(field: AnyField, model: Model) -> Any:
    return field.get_db_prep_save(field.pre_save(model, False), connection)


def _select(source: str, columns: str, condition: str, given: tuple[Any, ...]) -> tuple[str, list[Any]]:
    lists = [value if isinstance(value, list) else [value] for value in given]
    # An empty list of ids must find nothing.
    marks = [", ".join(["%s"] * len(one)) or "NULL" for one in lists]
    where = condition.replace("%s", "{}").format(*marks)
    sql = f"SELECT {columns} FROM {source} WHERE {where}"  # noqa: S608 - from our own code only
    return sql, [_as_kept(value) for one in lists for value in one]


def _as_kept(value: Any) -> Any:
    """Convert a value to this database's form."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return value.hex if isinstance(value, UUID) and not connection.features.has_native_uuid_field else value
