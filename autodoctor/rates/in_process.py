"""Count uses in the memory of this process: for what costs this process alone, and is too frequent for the database."""

import threading

from autodoctor.rates.counting import next_full_at
from autodoctor.rates.limits import Limit

MOST_KEPT = 10_000  # counts; more only while so many are in use


class Counts:
    """Callable from any thread. Times are seconds of any one clock."""

    __slots__ = ("_full_at", "_lock")

    def __init__(self) -> None:
        self._full_at: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def allows(self, limit: Limit, at: float, who: str = "") -> bool:
        """Count one use by `who`, and return whether it was allowed. A refused one is not counted."""
        key = limit.name, who
        with self._lock:
            if len(self._full_at) >= MOST_KEPT:
                self._full_at = {each: full_at for each, full_at in self._full_at.items() if full_at > at}
            full_at = next_full_at(limit.pace, self._full_at.get(key, at), at)
            if full_at is not None:
                self._full_at[key] = full_at
            return full_at is not None
