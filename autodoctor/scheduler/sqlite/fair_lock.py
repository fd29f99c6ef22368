"""A lock that is served in the order of requests, those first that may not be late."""

import threading
from collections import deque


class FairLock:
    """First come, first served; before them whoever asks to go first. A thread other than the holder may give it back.

    With a plain lock a busy thread takes the lock again before the waiting thread wakes, for seconds. Here the lock
    goes to the thread that has waited longest. Those who go first let another in between two of them: nobody starves.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._first: deque[threading.Lock] = deque()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False
        self._went_first = False

    def take(self, seconds: float, *, first: bool = False) -> bool:
        """Wait at most `seconds` for the lock; returns whether it was taken."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            (self._first if first else self._waiting).append(turn)
        return turn.acquire(timeout=seconds) or self._came_at_the_last_moment(turn)

    def give(self) -> None:
        """Give the lock to the next in the queue."""
        with self._mutex:
            self._went_first = bool(self._first) and not (self._went_first and self._waiting)
            if waiting := self._first if self._went_first else self._waiting:
                waiting.popleft().release()
            else:
                self._taken = False

    def _came_at_the_last_moment(self, turn: threading.Lock) -> bool:
        with self._mutex:
            for waiting in (self._first, self._waiting):
                if turn in waiting:
                    waiting.remove(turn)
                    return False
            return True
