"""Sessions between real people, and a writer of the test's own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.room.writer import Writer
    from autodoctor.sessions.models import Session


@pytest.fixture
def writer() -> "Iterator[Writer]":
    """A thread with a connection of its own, gone before the database is emptied."""
    from autodoctor.room.bus import InProcessBus
    from autodoctor.room.writer import Writer

    writer = Writer(InProcessBus())
    yield writer
    writer.stop()


@pytest.fixture
def session(customer: "User", mechanic: "User") -> "Session":
    from autodoctor.room.tests.live_session import live_session

    return live_session(customer, mechanic)
