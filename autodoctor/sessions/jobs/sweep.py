"""The sweep, a safety net: derive the deadlines of every open session again and repair differences."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.sessions.event_data import EventData
from autodoctor.sessions.lifecycle import private_requests
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import QUESTION_OPEN, Session, SessionEvent
from autodoctor.sessions.record import alerts, event_log, participants
from autodoctor.sessions.rules import durations, schedule
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import OPEN, EndReason, EventKind, State

CHUNK = 500
WATCH_ON = timedelta(days=1)  # a completed session, beyond the last rule that may be due


@dataclass(frozen=True)
class SweepResult:
    nudged_mechanics: int
    alerted_support: int
    auto_closed: int
    repaired: int

    def as_answer(self) -> dict[str, Any]:
        return {
            "success": True,
            "nudgedMechanics": self.nudged_mechanics,
            "alertedSupport": self.alerted_support,
            "autoClosedSessions": self.auto_closed,
            "repaired": self.repaired,
        }


def sweep(now: datetime) -> int:
    """Repair the deadlines of every session that still has any, and of alerts; open what waits for a mechanic who is
    gone. Returns how many needed a repair.
    """
    durations.refresh()
    return (
        sum(_mend(session_id, now) for chunk in _chunks(now) for session_id in _astray(chunk, now))
        + alerts.repair_escalations()
        + private_requests.open_left_alone(now)
    )


def monitor(now: datetime) -> SweepResult:
    """Run the sweep, then run overdue jobs in this thread. Returns the counts."""
    kinds: Counter[str] = Counter()

    def count(sender: object, *, events: list[SessionEvent], **rest: object) -> None:
        kinds.update(_outcome(event) for event in events)

    event_log.committed.connect(count)
    try:
        repaired = sweep(now)
        run_due(now, lanes=[Lane.DEADLINES])  # the caller does not wait for Stripe or a mail server
    finally:
        event_log.committed.disconnect(count)
    return SweepResult(kinds["nudged"], kinds["alerted"], kinds["closed"], repaired)


def _outcome(event: SessionEvent) -> str:
    if event.kind in {EventKind.SESSION_AUTO_CLOSED, EventKind.SESSION_EXPIRED} or (
        event.kind == EventKind.SESSION_ENDED and _by_itself(event)
    ):
        return "closed"
    if event.kind == EventKind.NUDGE_MECHANIC:
        return "nudged"
    return "alerted" if event.kind == EventKind.ALERT_SUPPORT else "other"


def _by_itself(event: SessionEvent) -> bool:
    return event.data_as(EventData)["session"]["end_reason"] == EndReason.TIME_UP


def _chunks(now: datetime) -> Iterator[list[Session]]:
    ids = list(Session.objects.filter(_with_deadlines(now)).values_list("id", flat=True))
    for first in range(0, len(ids), CHUNK):
        yield list(Session.objects.filter(id__in=ids[first : first + CHUNK]))


def _with_deadlines(now: datetime) -> Q:
    """Select sessions that may have deadlines: of completed ones those of a few days, however long the history is."""
    watched = max(duration("summary_alert"), duration("solved_answer")) + WATCH_ON
    lately_completed = Q(state=State.COMPLETED, ended_at__gte=now - watched)
    asked_at = now - duration("follow_up")
    to_follow_up = Q(state=State.COMPLETED, ended_at__gte=asked_at - WATCH_ON, ended_at__lte=asked_at)
    return Q(state__in=OPEN) | lately_completed | to_follow_up | QUESTION_OPEN


def _astray(sessions: list[Session], now: datetime) -> list[UUID]:
    situations = participants.load_states(sessions, now)
    held = schedule.scheduled_deadlines(situations)
    return [session_id for session_id, state in situations.items() if schedule.differs(state, held[session_id])]


def _mend(session_id: UUID, now: datetime) -> bool:
    """Check again under the lock, so that a session that was just changing is not counted."""
    with session_transaction(session_id, now) as state:
        return schedule.differs(state, schedule.scheduled_deadlines([session_id])[session_id])
