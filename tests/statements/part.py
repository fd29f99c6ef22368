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
    """What runs on PostgreSQL, and what need not."""
    names, runs, need_not = listed(), list[pytest.Item](), list[pytest.Item]()
    for item in items:
        (runs if item.nodeid in names or always(item) else need_not).append(item)
    return runs, need_not


def stale(names: Iterable[str], items: Iterable[pytest.Item]) -> list[str]:
    """The names that stand for no test any more. A file that was not asked for is only looked for."""
    collected = {item.nodeid for item in items}
    files = {one.partition("::")[0] for one in collected}
    gone = set()
    for name in names:
        file = name.partition("::")[0]
        if name not in collected and (file in files or not (ROOT / file).exists()):
            gone.add(name)
    return sorted(gone)
