"""What a key may do, and how often. A restricted key does what its scopes name, and nothing else; a publishable one
what `browser.py` has for it.
"""

import re
import time
from collections import deque

from autodoctor.sandbox.errors import ApiError, unauthorized
from autodoctor.sandbox.store import Store
from autodoctor.sandbox.switches import switched

_IN_TWO_PARTS = ("checkout", "radar")


def check(store: Store, key: str, *, method: str, path: str) -> None:
    """Raise ApiError 401 for a key that is none, 403 for one that may not do this."""
    if not re.fullmatch(r"[prs]k_test_\w+", key):
        raise unauthorized(key)
    if not key.startswith("rk_"):
        return
    scopes = switched(store, "scopes").get(key, [])
    resource = "/".join(path.split("/")[: 2 if path.startswith(_IN_TWO_PARTS) else 1])
    if resource not in scopes and not (method == "GET" and f"{resource}:read" in scopes):
        verb = "read" if method == "GET" else "write"
        message = (
            f"The provided key '{key[:8]}{'*' * 8}' does not have the required permissions for this endpoint. Having "
            f"the '{verb}' permission for {resource} would allow this request to continue."
        )
        raise ApiError(message, status=403)


class Pace:
    """Counts the requests of the last second."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lately: deque[float] = deque()

    def check(self) -> None:
        """Raise ApiError 429 for a request too many."""
        now = time.monotonic()
        while self._lately and self._lately[0] <= now - 1:
            self._lately.popleft()
        most = switched(self._store, "requests_a_second")
        if most and len(self._lately) >= most:
            message = "Too many requests hit the API too quickly. We recommend an exponential backoff of your requests."
            raise ApiError(message, code="rate_limit", status=429)
        self._lately.append(now)
