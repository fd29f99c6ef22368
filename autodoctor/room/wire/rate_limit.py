"""Limits how many frames of a kind one socket may send."""

from dataclasses import dataclass

from django.conf import settings

from autodoctor.room.wire.protocol import Invalid, Join, Media, Message, Ping, Signal, Typing


@dataclass(frozen=True, slots=True)
class Limit:
    at_once: int
    a_second: float


LIMITS: dict[type, Limit] = {
    Signal: Limit(200, 50),  # a call's beginning is a burst of candidates
    Typing: Limit(5, 2),
    Media: Limit(10, 2),
    Ping: Limit(10, 2),
    Join: Limit(5, 1),
    Invalid: Limit(10, 1),
}


class RateLimiter:
    """The limit of one socket. Stores only the kinds that it has seen. Times are seconds of any one clock."""

    __slots__ = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[type, tuple[float, float]] | None = None  # tokens left, and the time of that count

    def allows(self, kind: type, now: float) -> bool:
        limit = _limit_of(kind)
        if self._kinds is None:
            self._kinds = {}
        left, since = self._kinds.get(kind, (float(limit.at_once), now))
        left = min(limit.at_once, left + (now - since) * limit.a_second)
        allowed = left >= 1
        self._kinds[kind] = (left - 1 if allowed else left, now)
        return allowed


def _limit_of(kind: type) -> Limit:
    if kind is Message:
        return Limit(settings.ROOM["messages_at_once"], settings.ROOM["messages_a_second"])
    return LIMITS[kind]
