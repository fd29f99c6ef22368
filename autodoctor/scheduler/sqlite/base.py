"""Django's SQLite backend with a fair queue of writers and verified PRAGMAs.

SQLite lets one connection write at a time and makes the others poll; under load some starve until their timeout. Here
each transaction waits its turn in one queue per process, from before `BEGIN IMMEDIATE` until commit, rollback or close;
that of a deadline goes first. Other processes still wait by SQLite's own busy timeout.
"""

import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.backends.sqlite3 import base

from autodoctor.core.database_ways import WRITES_FIRST
from autodoctor.scheduler.sqlite.fair_lock import FairLock

# `UPDATE … RETURNING`, by which the clock claims its jobs.
OLDEST = (3, 35)
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_turns: defaultdict[str, FairLock] = defaultdict(FairLock)
os.register_at_fork(after_in_child=_turns.clear)


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. It holds the queue's turn while it is in a transaction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: FairLock | None = None
        self.execute_wrappers.append(self._queue_single_writes)

    @property
    def queries_logged(self) -> bool:
        """Off in development: nobody reads the queries, and filling in parameters costs a query each."""
        return self.force_debug_cursor

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < OLDEST:
            raise ImproperlyConfigured(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed.")
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        wanted = self.settings_dict["OPTIONS"].get("init_command", "")
        confirm_pragmas(connection, [*wanted.split(";"), "PRAGMA foreign_keys = ON"])
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        self._take_turn()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc] # not in the stubs, as below
        except BaseException:
            self._give_turn()
            raise

    def _set_autocommit(self, autocommit: bool) -> None:
        """The outermost block calls this after commit and rollback, before the on-commit callbacks run."""
        try:
            super()._set_autocommit(autocommit)  # type: ignore[misc]
        finally:
            if autocommit:
                self._give_turn()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._give_turn()

    def _queue_single_writes(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        """A write outside a transaction is a transaction of its own and must not starve either."""
        if self._turn is not None or self.in_atomic_block or not sql.lstrip()[:7].upper().startswith(WRITES):
            return execute(sql, params, many, context)
        self._take_turn()
        try:
            return execute(sql, params, many, context)
        finally:
            self._give_turn()

    def _take_turn(self) -> None:
        if self._turn is not None:
            return
        turns = _turns[str(self.settings_dict["NAME"])]
        first = self.settings_dict.get(WRITES_FIRST, False)
        if not turns.take(self.settings_dict["OPTIONS"].get("timeout", 5), first=first):
            raise OperationalError("database is locked: no turn to write came in time")
        self._turn = turns

    def _give_turn(self) -> None:
        if self._turn is not None:
            turns, self._turn = self._turn, None
            turns.give()


def confirm_pragmas(connection: sqlite3.Connection, commands: list[str]) -> None:
    """Raise `ImproperlyConfigured` for a PRAGMA that SQLite silently ignored."""
    for command in commands:
        pragma, _, wanted = command.strip().partition("=")
        if not wanted or not pragma.upper().startswith("PRAGMA "):
            continue
        row = connection.execute(pragma).fetchone()
        if row is None or not _agree(wanted.strip().lower(), str(row[0]).lower()):
            raise ImproperlyConfigured(f"SQLite does not accept “{command.strip()}”: it says {row and row[0]}.")


def _agree(wanted: str, found: str) -> bool:
    """Compare words with SQLite's numbers. An in-memory database has its own journal mode."""
    numbers = {"off": "0", "on": "1", "normal": "1", "full": "2", "extra": "3", "memory": "2"}
    return found in {wanted, numbers.get(wanted), "memory" if wanted == "wal" else wanted}
