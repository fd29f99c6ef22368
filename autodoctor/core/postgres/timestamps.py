"""Timestamps of PostgreSQL, read by the standard library: Django's reader takes fifteen times as long.

A page shows dozens of them, and a thousand sockets that come back read ten for each session.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.psycopg_any import BaseTzLoader


class Timestamps(BaseTzLoader):  # type: ignore[misc]  # Django has no types for it
    timezone = UTC  # that of our connections; where another is set, Django puts its own reader in this one's place

    def load(self, data: Any) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # before the year 1, or after 9999
            return super().load(data)  # type: ignore[no-any-return]
