"""Wait for conditions, however busy the machine is."""

import time
from collections.abc import Callable

PATIENCE = 30.0  # seconds; it measures nothing, it only ends a wait that is in vain


def until(holds: Callable[[], object]) -> None:
    """Wait until something outside the test holds. Raises AssertionError when it never does."""
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, f"it did not happen within {PATIENCE:.0f} s"
        time.sleep(0.01)
