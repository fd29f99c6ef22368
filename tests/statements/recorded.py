"""What the processes of a run have written."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recorded:
    """One test. `always`: it runs on PostgreSQL in any case."""

    test: str
    seconds: float
    always: bool
    statements: frozenset[str]


def recorded(folder: Path, vendor: str) -> list[Recorded]:
    """Return the records of all processes that ran tests on this database."""
    return [test for path in sorted(folder.glob(f"{vendor}-*.json")) for test in _read(path)]


def _read(path: Path) -> list[Recorded]:
    content = json.loads(path.read_text())
    names = content["statements"]
    return [
        Recorded(one["test"], one["seconds"], one["always"], frozenset(names[number] for number in one["ran"]))
        for one in content["tests"]
    ]
