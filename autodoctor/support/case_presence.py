"""Attendance, derived from the log. Times in seconds."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.states import EventKind

OVER = frozenset({EventKind.SESSION_ENDED, EventKind.SESSION_AUTO_CLOSED})


@dataclass
class Attendance:
    """`present` by role from start to end, `together` both at once, `connected` also while the clock was running."""

    present: dict[str, float] = field(default_factory=lambda: {"customer": 0.0, "mechanic": 0.0})
    together: float = 0.0
    connected: float = 0.0


@dataclass
class _Moment:
    """The state between two entries of the log."""

    live: bool = False
    paused: bool = False
    here: set[str] = field(default_factory=set)
    since: datetime | None = None


def attendance(events: Iterable[SessionEvent], until: datetime) -> Attendance:
    """Derive the attendance from the log in its order; a running session counts until `until`."""
    found, stood = Attendance(), _Moment()
    for event in events:
        _count(found, stood, event.at)
        _follow(stood, event)
    _count(found, stood, until)
    return found


def _count(found: Attendance, stood: _Moment, at: datetime) -> None:
    """Add the time between the last entry and this one."""
    seconds = max(0.0, (at - stood.since).total_seconds()) if stood.since else 0.0
    stood.since = max(at, stood.since) if stood.since else at
    if not stood.live:
        return
    for role in stood.here & found.present.keys():
        found.present[role] += seconds
    if found.present.keys() <= stood.here:
        found.together += seconds
        found.connected += 0.0 if stood.paused else seconds


def _follow(stood: _Moment, event: SessionEvent) -> None:
    if event.kind == EventKind.SESSION_STARTED:
        stood.live = True
    elif event.kind in OVER:
        stood.live = False
    elif event.kind in {EventKind.SESSION_PAUSED, EventKind.SESSION_RESUMED}:
        stood.paused = event.kind == EventKind.SESSION_PAUSED
    elif event.kind == EventKind.PARTICIPANT_JOINED:
        stood.here.add(event.actor_role)
    elif event.kind == EventKind.PARTICIPANT_LEFT:
        stood.here.discard(event.actor_role)
