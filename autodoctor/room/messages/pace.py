"""How fast one person may write: over all their pages and every way in together."""

import threading
import time

from autodoctor.room.wire.protocol import Message
from autodoctor.room.wire.rate_limit import RateLimiter

MOST_PEOPLE = 10_000  # remembered at once
FORGET_SECONDS = 60.0  # after so long a silence everybody may write again at once


class MessagePace:
    """One limiter a person. Callable from any thread."""

    def __init__(self) -> None:
        self._people: dict[str, tuple[RateLimiter, float]] = {}  # and when they last wrote
        self._lock = threading.Lock()

    def allows(self, user_id: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if len(self._people) >= MOST_PEOPLE:
                self._forget(now - FORGET_SECONDS)
            limiter = self._people[user_id][0] if user_id in self._people else RateLimiter()
            self._people[user_id] = (limiter, now)
            return limiter.allows(Message, now)

    def _forget(self, before: float) -> None:
        self._people = {user_id: each for user_id, each in self._people.items() if each[1] > before}


message_pace = MessagePace()
