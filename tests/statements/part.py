"""What has to run on PostgreSQL."""

from collections.abc import Iterable
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("on_postgres.txt")
ROOT = LIST.parents[2]
HOW_TO_MEND = "bin/test cover"


def always(item: pytest.Item) -> bool:
    """About locks, threads and processes, about PostgreSQL itself, or a property: no list needs to name it."""
    transaction = any(mark.kwargs.get("transaction") for mark in item.iter_markers("django_db"))
    names = getattr(item, "fixturenames", ())
    marked = item.get_closest_marker("postgres") or item.get_closest_marker("on_postgres")
    return bool(transaction or marked or "transactional_db" in names or (is_property(item) and "db" in names))


def is_property(item: pytest.Item) -> bool:
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


def listed() -> set[str]:
    return set(LIST.read_text().split("\n")) - {""}


def split(items: Iterable[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests that run on PostgreSQL, and the others."""
    names, runs, need_not = listed(), list[pytest.Item](), list[pytest.Item]()
    for item in items:
        (runs if item.nodeid in names or always(item) else need_not).append(item)
    return runs, need_not
