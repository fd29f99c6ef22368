"""The database as one file: written while people use it, and read back all or nothing."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg.conninfo
from django.db import connection, transaction
from django.utils import timezone

from autodoctor.operations.manifest import BackupError

NOBODYS = ("--no-owner", "--no-privileges")  # the role that restores it owns it, whatever its name
KEYS = "SELECT key, thumbnail_key FROM files_storedfile WHERE removed_at IS NULL"
Ask = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Contents:
    """What the copy shows, at one moment."""

    taken_at: datetime
    migrations: list[str]
    counts: dict[str, int]
    keys: list[str]  # of the objects in the file store that its rows name


class Database(Protocol):
    file: str  # the name of the copy

    def dump(self, into: Path) -> Contents: ...

    def restore(self, path: Path) -> None: ...


def database() -> Database:
    return Sqlite() if connection.vendor == "sqlite" else Postgres()


def is_empty() -> bool:
    return not connection.introspection.table_names()


def server_version() -> str:
    return ".".join(map(str, connection.get_database_version()))


def counts() -> dict[str, int]:
    """Return the rows by table, as they are now."""
    with connection.cursor() as cursor:
        return _counts(_asking(cursor))


class Sqlite:
    file = "database.sqlite3"

    def dump(self, into: Path) -> Contents:
        connection.ensure_connection()
        taken_at = timezone.now()
        with closing(sqlite3.connect(into)) as copy:
            connection.connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without the two that stand beside it
            return _contents(taken_at, lambda query: copy.execute(query).fetchall())

    def restore(self, path: Path) -> None:
        connection.ensure_connection()
        try:
            with closing(sqlite3.connect(path)) as copy:
                copy.backup(connection.connection)
        except sqlite3.Error as error:
            raise BackupError(f"The database was not restored: {error}. Stop every process that uses it.") from error
        connection.close()


class Postgres:
    file = "database.dump"

    def dump(self, into: Path) -> Contents:
        """pg_dump sees what our own transaction sees: rows, counts and names of files are of one moment."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it stands idle while pg_dump writes
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot(), now()")
            snapshot, taken_at = cursor.fetchone()
            _run(
                "pg_dump",
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={into}",
            )
            return _contents(taken_at, _asking(cursor))

    def restore(self, path: Path) -> None:
        replacing = [] if is_empty() else ["--clean", "--if-exists"]
        connection.close()
        _run("pg_restore", "--single-transaction", "--exit-on-error", *NOBODYS, *replacing, str(path))


def _asking(cursor: Any) -> Ask:
    def ask(query: str) -> list[tuple[Any, ...]]:
        cursor.execute(query)
        return list(cursor.fetchall())

    return ask


def _contents(taken_at: datetime, ask: Ask) -> Contents:
    return Contents(
        taken_at,
        migrations=[f"{app}.{name}" for app, name in ask("SELECT app, name FROM django_migrations ORDER BY app, name")],
        counts=_counts(ask),
        keys=sorted({key for row in ask(KEYS) for key in row if key}),
    )


def _counts(ask: Ask) -> dict[str, int]:
    quote = connection.ops.quote_name
    tables = sorted(connection.introspection.table_names())
    return {table: ask(f"SELECT count(*) FROM {quote(table)}")[0][0] for table in tables}  # noqa: S608 our own tables


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL on our database. Raises `BackupError` with its own words."""
    if not shutil.which(program):
        raise BackupError(f"{program} is not installed: install PostgreSQL's client programs (postgresql-client).")
    with _address() as (address, environment):
        done = subprocess.run(  # noqa: S603 no word of it comes from outside
            [program, f"--dbname={address}", *arguments], env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-2000:]}")


@contextmanager
def _address() -> Iterator[tuple[str, dict[str, str]]]:
    """Return the database's address without its password, which no list of processes must show, and an environment."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()} - {"options", "client_encoding"}
    given = {name: value for name, value in connection.get_connection_params().items() if name in known}
    password = str(given.pop("password", ""))
    environment = dict(os.environ) | ({"PGPASSWORD": password} if password else {})
    yield psycopg.conninfo.make_conninfo(**given), environment
