"""Push services that accept a call and say nothing: one call at a time finds out whether they answer again.

Without this, messages to one silent service would hold every worker of the lane, one after the other, and with them the
messages to everybody else.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PAUSE_SECONDS = 30.0  # between two calls that find out


class Silent(Exception):
    """The service has not answered lately, and is not called now."""


@dataclass
class _Service:
    until: float = 0.0  # not called before; 0: it answers
    is_asked: bool = False  # one call finds out


class SilentServices:
    """The services of this process, each by its name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent: dict[str, _Service] = {}

    @contextmanager
    def call(self, service: str) -> Iterator[None]:
        """Call the service inside; leaving by `TimeoutError` means that it did not answer. Raises `Silent`."""
        self._begin(service)
        try:
            yield
        except TimeoutError:
            self._note(_Service(until=time.monotonic() + PAUSE_SECONDS), service)
            raise
        except BaseException:
            self._note(None, service)
            raise
        self._note(None, service)

    def _begin(self, service: str) -> None:
        with self._lock:
            found = self._silent.get(service)
            if found is None:
                return
            if found.is_asked or time.monotonic() < found.until:
                raise Silent(f"{service} did not answer lately")
            found.is_asked = True

    def _note(self, found: _Service | None, service: str) -> None:
        with self._lock:
            if found:
                self._silent[service] = found
            else:
                self._silent.pop(service, None)
