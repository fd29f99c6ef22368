"""Sessions between real people, and a writer of the test's own."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fakes import scene
from tests.fakes.scene import Talk
from tests.fakes.server import Server, running

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


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """With fewer limits than people meet, and a quick heart."""
    limits = json.dumps({"messages_at_once": 10_000, "messages_a_second": 10_000, "heartbeat": 1})
    with running(environment={"ROOM": limits}, deadlines={"missing_grace": 1}) as server:
        yield server


@pytest.fixture
def fresh() -> Iterator[Server]:
    """With the limits that people meet, to stop and kill."""
    with running(deadlines={"missing_grace": 1}) as server:
        yield server


@pytest.fixture(scope="module")
def calm(shared: Server) -> Talk:
    """For tests that leave the session as it is."""
    return scene.stage(shared)


@pytest.fixture
def talk(shared: Server) -> Talk:
    return scene.stage(shared)
