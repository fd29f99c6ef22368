"""A lock that is served in the order of requests."""

import threading
from collections import deque


class FairLock:
    """First come, first served. A thread other than the holder may give it back.

    With a plain lock a busy thread takes the lock again before the waiting thread wakes, for seconds. Here the lock
    goes to the thread that has waited longest.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def take(self, seconds: float) -> bool:
        """Wait at most `seconds` for the lock; returns whether it was taken."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        return turn.acquire(timeout=seconds) or self._came_at_the_last_moment(turn)

    def give(self) -> None:
        """Give the lock to the next in the queue."""
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
