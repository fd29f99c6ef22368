"""Real server processes for tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.kit.scene import UNLIMITED
from tests.kit.server import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run one seeded server per worker, for tests that do not change its data."""
    with running(environment={"LIMITS": UNLIMITED}) as started:
        yield started


@pytest.fixture
def start_server() -> Iterator[Callable[..., Server]]:
    """A server for one test, to cut and kill: `start_server(deadlines={"unnoticed": 2})`, see `running`."""
    with ExitStack() as stack:

        def start(**options: Any) -> Server:
            return stack.enter_context(running(**options))

        yield start
