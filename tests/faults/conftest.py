"""Real services for fault tests; `server` and `start_server` are in tests/conftest.py."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.whole import Site, whole_arrangement
from tests.kit import chromium
from tests.kit.arrangement import Arrangement
from tests.kit.postgres import Postgres, postgres
from tests.kit.scene import Talk
from tests.kit.smtp import Sink, smtp
from tests.kit.stripe_sandbox import stripe_sandbox

__all__ = ["stripe_sandbox"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """A durable PostgreSQL: confirmed data survives a kill."""
    with postgres(durable=True) as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Sink]:
    with smtp() as sink:
        yield sink


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return chromium.options()


@pytest.fixture(scope="module")
def whole() -> Iterator[Arrangement]:
    """The arrangement of docs/production.md, for all tests of a file."""
    with whole_arrangement() as made:
        yield made


@pytest.fixture
def site(whole: Arrangement) -> Site:
    return Site(*whole.servers, whole.bus)


@pytest.fixture
def talk(site: Site) -> Talk:
    """A running session in the whole arrangement."""
    return site.stage()
