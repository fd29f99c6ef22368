"""The selection of tests: `--shard 1/3` runs a third of the files, `--quick` the tests for each commit."""

import re
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from tests.statements.part import listed


class HasPath(Protocol):
    @property
    def path(self) -> Path: ...


Item = TypeVar("Item", bound=HasPath)

ROOT = Path(__file__).resolve().parents[1]
# All files whose tests open a browser: to read the others, too, took each worker five seconds. The longest go first,
# and scripts, which are over in seconds, last: workers then end together.
WITH_BROWSERS = (
    "tests/journeys/test_every_state.py",
    "tests/journeys/test_files.py",
    "tests/journeys/test_firefox.py",
    "tests/journeys/test_whole_way.py",
    "tests/journeys/test_call_relayed.py",
    "tests/journeys/test_*.py",
    "tests/faults/test_sockets.py",
    "autodoctor/*/tests/test_scripts*.py",
    "autodoctor/sandbox/tests/test_pages.py",
    "autodoctor/sandbox/tests/test_browser.py",
)
# Waiting tests run beside computing ones, the longest first.
AGAINST_SERVERS = (
    "tests/faults/test_money.py",
    "tests/faults/test_sockets.py",
    "tests/attacks/test_routes.py",
    "tests/faults/test_stripe_calls.py",
    "tests/attacks/test_markup.py",
    "tests/faults/test_*.py",
    "tests/attacks/test_*.py",
)
# Fixtures whose tests start processes.
PROCESSES = {"server", "start_server", "shared", "fresh", "start_child", "cluster", "database_url", "valkey_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("selection")
    group.addoption("--shard", metavar="K/N", help="only the K-th of N parts of the test files")
    group.addoption("--quick", action="store_true", help="what needs no database, and each statement of SQL once")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, None, None]:
    if astray := browsers_elsewhere(items):
        raise pytest.UsageError(f"No part would run these: add their files to WITH_BROWSERS in {__file__}: {astray}")
    if config.getoption("quick"):
        _keep(config, items, quick_ones(items))
    if shard := config.getoption("shard"):
        _keep(config, items, split(items, shard))
    yield
    _as_given(config, items)


def _as_given(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Restore the order of files for pytest-xdist: pytest-django moves tests without a database to the end."""
    if not config.getoption("loadscopereorder", default=True):
        given = {str(ROOT / name): number for number, name in enumerate(config.args)}
        items.sort(key=lambda item: given.get(str(item.path), len(given)))


def _keep(config: pytest.Config, items: list[pytest.Item], kept: list[pytest.Item]) -> None:
    chosen = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = kept


def files(patterns: Sequence[str]) -> list[str]:
    """Return each file once, in the order of the patterns."""
    found = (path for pattern in patterns for path in sorted(ROOT.glob(pattern)))
    return [str(path.relative_to(ROOT)) for path in dict.fromkeys(found)]


def browsers_elsewhere(items: Sequence[pytest.Item]) -> list[str]:
    """Tests with a browser that stand in none of those files."""
    read = {ROOT / name for name in files(WITH_BROWSERS)}
    return [item.nodeid for item in items if "browser" in _names(item) and item.path not in read]


def quick_ones(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests without processes; with the database, only those that together execute every statement."""
    cover = listed()
    return [item for item in items if not _names(item) & PROCESSES and (item.nodeid in cover or not _needs_rows(item))]


def _needs_rows(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("django_db") or _names(item) & {"db", "transactional_db"})


def _names(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def split(items: Sequence[Item], shard: str) -> list[Item]:
    """Return the tests of the shard; files stay whole, so that shared fixtures are made once. Raises `UsageError`."""
    number, count = parse(shard)
    shard_of: dict[Path, int] = {}
    loads = [0] * count
    for path, tests in sorted(Counter(item.path for item in items).items(), key=lambda file: (-file[1], file[0])):
        shard_of[path] = loads.index(min(loads))
        loads[shard_of[path]] += tests
    return [item for item in items if shard_of[item.path] == number - 1]


def parse(shard: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d?)/([1-9]\d?)", shard)
    if not found or int(found[1]) > int(found[2]):
        raise pytest.UsageError(f"--shard is K/N with K from 1 to N, like 1/3, not {shard!r}.")
    return int(found[1]), int(found[2])
