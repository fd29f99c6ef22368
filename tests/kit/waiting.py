"""Wait for conditions, however busy the machine is."""

import time
from collections.abc import Callable

import httpx

PAUSES = 0.005, 0.05  # seconds between two looks, at first and at most: many looks ask a page or a database
PATIENCE = 60.0  # seconds; it measures nothing, it only ends a wait that is in vain
# Seconds that a client keeps a connection open that it does not use: the server closes it after five, and what is sent
# in that moment is lost. Proxies are set up alike (`deploy/nginx.conf`).
UNUSED = httpx.Limits(keepalive_expiry=4)


def until(holds: Callable[[], object], patience: float = PATIENCE) -> None:
    """Wait until something outside the test holds. Raises AssertionError when it never does."""
    limit = time.monotonic() + patience
    pause, longest = PAUSES
    while not holds():
        assert time.monotonic() < limit, f"it did not happen within {patience:.0f} s"
        time.sleep(pause)
        pause = min(pause * 1.5, longest)
