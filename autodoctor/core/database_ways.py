"""The ways to the database besides the pool of the requests: the scheduler's own, and the one past PgBouncer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from autodoctor.core.acting import OWNER, acting_as

# Of a way to SQLite: its transactions go before those of other threads, which may wait.
WRITES_FIRST = "WRITES_FIRST"


def read_timestamps_quickly(connection: Any, **_: object) -> None:
    """Receive `connection_created`."""
    if connection.vendor == "postgresql":
        from autodoctor.core.postgres.timestamps import Timestamps  # psycopg is not loaded for SQLite

        connection.connection.adapters.register_loader("timestamptz", Timestamps)


def lead_outside_the_pool(way: Mapping[str, Any], **options: Any) -> None:
    """Have this thread's next connection be its own, by this way (empty: the usual one)."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    usual = {name: value for name, value in wrapper.settings_dict["OPTIONS"].items() if name != "pool"}
    given = {"OPTIONS": usual | way.get("OPTIONS", {}) | options, "CONN_MAX_AGE": None}
    wrapper.settings_dict = {**wrapper.settings_dict, **way, **given}


@contextmanager
def directly(**limits: str) -> Iterator[None]:
    """Within, this thread speaks to the server itself, never to PgBouncer, with these limits of PostgreSQL's.

    For commands that need a whole connection. On SQLite nothing changes.
    """
    if connections[DEFAULT_DB_ALIAS].vendor == "sqlite":
        yield
        return
    with acting_as(OWNER), _by(settings.DIRECT_DATABASE, limits):
        yield


def keeps_limits(way: Mapping[str, Any]) -> bool:
    """Return whether a connection by this way keeps what it asks for at its start: PgBouncer's does not."""
    try:
        with _by(way, {"lock_timeout": "4321ms"}), connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout')")
            return bool(cursor.fetchone() == ("4321ms",))
    except OperationalError:
        return False


@contextmanager
def _by(way: Mapping[str, Any], limits: Mapping[str, str]) -> Iterator[None]:
    wrapper = connections[DEFAULT_DB_ALIAS]
    before = wrapper.settings_dict
    wrapper.close()
    options = " ".join(f"-c {name}={value}" for name, value in limits.items())
    lead_outside_the_pool(way, **({"options": options} if options else {}))
    try:
        yield
    finally:
        wrapper.close()
        wrapper.settings_dict = before
