"""The sandbox's own SQLite file: objects as JSON, answers by idempotency key, settings. No Django."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS object_kind ON object (kind, position);
CREATE TABLE IF NOT EXISTS answer (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request_id TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due_at REAL NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, leased_until REAL NOT NULL DEFAULT 0, first_at REAL NOT NULL,
    last_status INTEGER, last_error TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (state, due_at);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_KEYS_KEPT_SECONDS = 24 * 60 * 60
_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Store:
    """A database connection behind a lock: the sandbox handles requests one at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in a transaction. Not nestable."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of a transaction that an exception undoes alone."""
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO part")
            raise
        finally:
            self._connection.execute("RELEASE part")

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        with self._lock:
            return self._connection.execute(sql, values)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def get(self, id_: str) -> Json | None:
        found = self.rows("SELECT body FROM object WHERE id = ?", id_)
        return json.loads(found[0]["body"]) if found else None

    def put(self, thing: Json) -> Json:
        """Insert an object, or replace the one with its id."""
        self.execute(
            "INSERT INTO object (id, kind, created, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            *(thing["id"], thing["object"], thing["created"], json.dumps(thing)),
        )
        return thing

    def find(
        self,
        kind: str,
        *,
        equal: Mapping[str, Any] | None = None,
        at_most: Mapping[str, int] | None = None,
        created: Mapping[str, int] | None = None,
        after: str = "",
        before: str = "",
        limit: int = 1000,
    ) -> list[Json]:
        """Find objects, newest first. `equal` and `at_most` compare members of the JSON; `after` and `before` are ids,
        for pages.
        """
        where: list[str] = ["kind = ?"]
        values: list[Any] = [kind]
        for name, value in (equal or {}).items():
            where.append("json_extract(body, ?) = ?")
            values += [f"$.{name}", value]
        for name, value in (at_most or {}).items():
            where.append("json_extract(body, ?) <= ?")
            values += [f"$.{name}", value]
        for bound, moment in (created or {}).items():
            where.append(f"created {_OPERATORS[bound]} ?")
            values.append(moment)
        for id_, operator in ((after, "<"), (before, ">")):
            if id_:
                where.append(f"position {operator} (SELECT position FROM object WHERE id = ?)")  # noqa: S608
                values.append(id_)
        order = "ASC" if before else "DESC"
        conditions = " AND ".join(where)
        sql = f"SELECT body FROM object WHERE {conditions} ORDER BY position {order} LIMIT {int(limit)}"  # noqa: S608
        found = [json.loads(row["body"]) for row in self.rows(sql, *values)]
        return found[::-1] if before else found

    def answer(self, key: str) -> sqlite3.Row | None:
        """Return the answer of this idempotency key within the last 24 hours."""
        found = self.rows("SELECT * FROM answer WHERE key = ? AND at > ?", key, self.now() - _KEYS_KEPT_SECONDS)
        return found[0] if found else None

    def keep_answer(self, *, key: str, fingerprint: str, status: int, body: str, request_id: str) -> None:
        self.execute(
            "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)",
            *(key, fingerprint, status, body, request_id, self.now()),
        )

    def setting(self, name: str, default: Any) -> Any:
        found = self.rows("SELECT value FROM setting WHERE name = ?", name)
        return json.loads(found[0]["value"]) if found else default

    def set(self, name: str, value: Any) -> None:
        self.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", name, json.dumps(value))

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds: the real time plus the test's advance."""
        return self.real_now() + float(self.setting("advanced_seconds", 0))

    @staticmethod
    def real_now() -> float:
        """Return the real time, for signatures and retries, which the receiver judges by its own clock."""
        return time.time()

    def clear(self) -> None:
        for sql in ("DELETE FROM object", "DELETE FROM answer", "DELETE FROM delivery", "DELETE FROM setting"):
            self.execute(sql)
