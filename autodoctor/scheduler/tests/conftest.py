import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from tests.kit import processes

if TYPE_CHECKING:
    from autodoctor.scheduler.lanes import Lane, Limits
    from autodoctor.scheduler.loop import Scheduler

Handle = Callable[..., None]


@pytest.fixture(autouse=True)
def _own_handlers(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.scheduler.tests.work.HANDLERS"


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    """Have a function run for a kind of job."""

    from autodoctor.scheduler.handlers import Handler
    from autodoctor.scheduler.tests import work

    def register(kind: str, run: Any, **options: Any) -> None:
        monkeypatch.setitem(work.HANDLERS, kind, Handler(run, **options))

    return register


@pytest.fixture
def start_clock(transactional_db: None) -> Iterator[Callable[..., "Scheduler"]]:
    """Clocks that are stopped at the end."""
    from autodoctor.scheduler.loop import Scheduler

    running: list[Scheduler] = []

    def start(limits: "Mapping[Lane, Limits] | None" = None) -> Scheduler:
        clock = Scheduler(limits)
        clock.start()
        running.append(clock)
        return clock

    yield start
    for clock in running:
        clock.stop()


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """Of the database of this test run, for other processes."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    return f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


@pytest.fixture
def limited_role(database_url: str) -> Iterator[None]:
    """The limit of `manage.py database_limits` that ends a stalled process's transaction, for new connections.

    SQLite has no roles.
    """
    if connection.vendor == "sqlite":
        yield
        return
    of_role = f"ALTER ROLE CURRENT_USER IN DATABASE {connection.ops.quote_name(str(connection.settings_dict['NAME']))}"
    with connection.cursor() as cursor:
        cursor.execute(f"{of_role} SET idle_in_transaction_session_timeout = '5s'")
        yield
        cursor.execute(f"{of_role} RESET ALL")


@pytest.fixture
def start_child(transactional_db: None, database_url: str) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Other processes with a clock on the same database, ready and killed at the end."""
    children: list[subprocess.Popen[str]] = []

    def start(lease: timedelta = timedelta(seconds=30), data: Path | None = None) -> "subprocess.Popen[str]":
        own = {"AUTODOCTOR_DATA": str(data or django_settings.DATA)}
        child = processes.start(
            "autodoctor.scheduler.tests.child",
            "child",
            str(lease.total_seconds()),
            environment=os.environ | {"DATABASE_URL": database_url} | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        assert _line(child) == "ready"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def _line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout
    return child.stdout.readline().strip()
