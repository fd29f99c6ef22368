"""Real services for the tests of faults; `server` and `start_server` are in tests/conftest.py."""

from collections.abc import Iterator

import pytest

from tests.fakes.postgres import Postgres, postgres
from tests.fakes.smtp import Sink, smtp


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """A PostgreSQL that keeps what it has confirmed, also when it is killed."""
    with postgres(durable=True) as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Sink]:
    with smtp() as sink:
        yield sink
