"""A lock that is served in the order of asking."""

import threading
from collections import deque


class FairLock:
    """First come, first served. May be given back by another thread than the one that took it.

    With a plain lock a busy thread takes it again before the one that waits has woken, for seconds on end;
    here giving it back hands it to whoever has waited longest.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def take(self, seconds: float) -> bool:
        """Wait for one's turn, at most `seconds`; whether it came."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        return turn.acquire(timeout=seconds) or self._came_at_the_last_moment(turn)

    def give(self) -> None:
        """Hand it to the next in the queue."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    def _came_at_the_last_moment(self, turn: threading.Lock) -> bool:
        with self._mutex:
            if turn not in self._waiting:
                return True
            self._waiting.remove(turn)
            return False
