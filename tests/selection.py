"""Which tests run: `--shard 1/3` takes a third of the files, and `slow` marks what `bin/test quick` leaves out."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import pytest


class HasPath(Protocol):
    @property
    def path(self) -> Path: ...


Item = TypeVar("Item", bound=HasPath)

# Who needs one of these starts processes.
STARTS_PROCESSES = {"server", "start_server", "start_child", "cluster", "own_server", "database_url"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("selection").addoption("--shard", metavar="K/N", help="only the K-th of N parts of the test files")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item):
            item.add_marker("slow")
    if shard := config.getoption("shard"):
        kept, others = split(items, shard)
        items[:] = kept
        config.hook.pytest_deselected(items=others)


def is_slow(item: pytest.Item) -> bool:
    """Starts processes, or tries many examples on a database."""
    names = set(getattr(item, "fixturenames", ()))
    is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    return bool(names & STARTS_PROCESSES or (is_property and names & {"db", "transactional_db"}))


def split(items: Sequence[Item], shard: str) -> tuple[list[Item], list[Item]]:
    """By file, so that what the tests of a file share is made once. Raises `UsageError`."""
    number, count = parse(shard)
    shard_of: dict[Path, int] = {}
    loads = [0] * count
    for path, tests in sorted(Counter(item.path for item in items).items(), key=lambda file: (-file[1], file[0])):
        shard_of[path] = loads.index(min(loads))
        loads[shard_of[path]] += tests
    mine, others = list[Item](), list[Item]()
    for item in items:
        (mine if shard_of[item.path] == number - 1 else others).append(item)
    return mine, others


def parse(shard: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d?)/([1-9]\d?)", shard)
    if not found or int(found[1]) > int(found[2]):
        raise pytest.UsageError(f"--shard is K/N with K from 1 to N, like 1/3, not {shard!r}.")
    return int(found[1]), int(found[2])
