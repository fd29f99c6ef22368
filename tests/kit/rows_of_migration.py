"""The rows that `migrate` adds: content types, permissions, times of rules.

Django empties all tables after a test that commits, and has the signal `post_migrate` add these rows again: a tenth of
a CPU second each time, for hundreds of tests. They are put back as they were instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from django.core.management.commands import flush
from django.db import connections, transaction

Rows = dict[str, list[tuple[Any, ...]]]  # by table


@contextmanager
def put_back() -> Iterator[None]:
    """Put the present rows of the default database back after each flush."""
    rows = _present()

    def restore(verbosity: int, interactive: bool, db: str, **_: object) -> None:
        with transaction.atomic(using=db), connections[db].cursor() as cursor:
            for table, content in rows.items():
                places = ", ".join(["%s"] * len(content[0]))
                cursor.executemany(f"INSERT INTO {connections[db].ops.quote_name(table)} VALUES ({places})", content)

    with mock.patch.object(flush, "emit_post_migrate_signal", restore):
        yield


def _present() -> Rows:
    connection = connections["default"]
    found: Rows = {}
    for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            if rows := cursor.fetchall():
                found[table] = rows
    return found
