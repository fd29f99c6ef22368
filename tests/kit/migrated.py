"""The migrated database of the tests on SQLite: the first worker makes it, and all others copy it."""

import shutil
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from tests.kit import artifacts


class Migrated:
    """One worker's file. `take`, let Django migrate it, `keep`: others wait in between, until there is one to copy."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = artifacts.ARTIFACTS / f"migrated-{artifacts.fingerprint()}.sqlite3"
        self._lock = ExitStack()

    def take(self) -> bool:
        """Return whether there was a database to copy."""
        self._lock.enter_context(artifacts.alone("migrated"))
        if there_is := self._kept.exists():
            self._lock.close()
            shutil.copyfile(self._kept, self.path)
        return there_is

    def keep(self) -> None:
        """Keep the file for the others, once it is migrated."""
        if not self._kept.exists():
            artifacts.forget_old("migrated-*")
            made = self._kept.with_suffix(".in-the-making")
            made.unlink(missing_ok=True)
            with closing(sqlite3.connect(self.path)) as connection:
                connection.execute("VACUUM INTO ?", [str(made)])
            made.rename(self._kept)
        self._lock.close()
