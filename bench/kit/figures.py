"""What a benchmark returns: rows of figures. `bench.all` makes one table and the plots of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

Arguments = Sequence[str] | None  # of the command; None: as it was started


@dataclass(frozen=True)
class Figure:
    """One figure. `other`: the same of what it is compared with in this run, or the aim: `against` says which."""

    what: str
    unit: str
    value: float
    other: float | None = None
    against: str = ""

    @property
    def ratio(self) -> float | None:
        return self.value / self.other if self.other else None


def as_json(figures: Iterable[Figure]) -> str:
    return json.dumps([asdict(figure) for figure in figures])


def from_json(text: str | bytes) -> list[Figure]:
    """Return the figures of a process; none of one that did not come so far."""
    return [Figure(**each) for each in json.loads(text or "[]")]
