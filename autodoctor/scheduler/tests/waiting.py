"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable


def eventually(holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.005)
