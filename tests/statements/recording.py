"""Which statements a test executes, on every connection of this process."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.statements.identity import identity, identity_at_driver


class Recorder:
    """Statements are kept as they come, and made comparable only when their test is over."""

    def __init__(self) -> None:
        self.listens = False
        self._seen: set[str] = set()
        self._at_driver: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._tests: list[dict[str, Any]] = []

    def saw(self, sql: object) -> None:
        if self.listens:
            self._seen.add(str(sql))

    def saw_at_driver(self, sql: str) -> None:
        if self.listens:
            self._at_driver.add(sql)

    def begin(self) -> None:
        self._seen, self._at_driver, self.listens = set(), set(), True

    def end(self, test: str, *, seconds: float, always: bool) -> None:
        self.listens = False
        ran = {identity(sql) for sql in self._seen} | {identity_at_driver(sql) for sql in self._at_driver}
        numbers = sorted(self._numbers.setdefault(one, len(self._numbers)) for one in ran - {""})
        self._tests.append({"test": test, "seconds": round(seconds, 3), "always": always, "ran": numbers})

    def write(self, folder: Path, vendor: str) -> None:
        if self._tests:
            folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps({"statements": list(self._numbers), "tests": self._tests})
            (folder / f"{vendor}-{os.getpid()}.json").write_text(content)


def watch(recorder: Recorder, database: dict[str, Any]) -> None:
    """Record statements; call before the first connection. `database` is its entry in the settings."""
    from django.db.backends.utils import CursorWrapper

    for name in ("_execute", "_executemany"):
        setattr(CursorWrapper, name, _told(getattr(CursorWrapper, name), recorder.saw))
    if database["ENGINE"].endswith("sqlite"):
        database["OPTIONS"]["factory"] = _connection_class(recorder)
    else:
        import psycopg

        # Django passes text: bytes come from our own code.
        execute = psycopg.Cursor.execute
        psycopg.Cursor.execute = _told(execute, lambda sql: _bytes(recorder, sql))  # type: ignore[method-assign]


def _told(execute: Callable[..., Any], saw: Callable[[Any], None]) -> Callable[..., Any]:
    def wrapped(cursor: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        saw(sql)
        return execute(cursor, sql, *args, **kwargs)

    return wrapped


def _bytes(recorder: Recorder, sql: object) -> None:
    if isinstance(sql, bytes):
        for statement in sql.decode().split(";"):
            recorder.saw_at_driver(statement)


def _connection_class(recorder: Recorder) -> type[sqlite3.Connection]:
    """Return a connection class that records calls outside Django's cursors."""

    class Connection(sqlite3.Connection):
        execute = _told(sqlite3.Connection.execute, recorder.saw_at_driver)
        executemany = _told(sqlite3.Connection.executemany, recorder.saw_at_driver)

    return Connection
