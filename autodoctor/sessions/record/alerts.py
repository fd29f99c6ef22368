"""Alerts as rows that support works on: derived from the log, written by `append_event` in the event's transaction."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from autodoctor.accounts.models import User
from autodoctor.scheduler import queue
from autodoctor.sessions.event_data import RuleData
from autodoctor.sessions.job_kinds import SessionJob
from autodoctor.sessions.models import Alert, SessionEvent


def raise_alert(event: SessionEvent) -> Alert:
    """Create the alert's row. The alert stays on the board until support finishes it."""
    alert = Alert.objects.create(
        session_id=event.session_id,
        seq=event.seq,
        rule=event.data_as(RuleData)["rule"][:60],
        occasion=event.occasion,
        facts=event.data,
        raised_at=event.at,
    )
    schedule_escalation(alert, since=event.at)
    return alert


def schedule_escalation(alert: Alert, *, since: datetime) -> None:
    """Schedule the escalation of an untaken alert, once per alert."""
    if alert.escalated_at is None:
        queue.schedule(SessionJob.ALERT_UNTAKEN, key_of(alert), since + _patience(), session_id=alert.session_id)


def cancel_escalation(alert: Alert) -> None:
    queue.cancel(SessionJob.ALERT_UNTAKEN, key_of(alert))


def key_of(alert: Alert) -> str:
    return f"{alert.session_id}:{alert.seq}"


def alert_of_key(key: str) -> tuple[UUID, int]:
    session_id, _, seq = key.partition(":")
    return UUID(session_id), int(seq)


def support_staff() -> list[User]:
    """Return every person who can take an alert."""
    return list(User.objects.filter(is_staff=True, is_active=True))


def repair_escalations() -> int:
    """Schedule missing escalations again. Returns how many alerts needed it."""
    open_ones = {key_of(alert): alert for alert in Alert.objects.filter(done_at=None, taken_at=None, escalated_at=None)}
    held = {job.key for job in queue.pending([SessionJob.ALERT_UNTAKEN], list(open_ones))}
    for key in open_ones.keys() - held:
        schedule_escalation(open_ones[key], since=open_ones[key].raised_at)
    return len(open_ones.keys() - held)


def _patience() -> timedelta:
    return timedelta(seconds=settings.DEADLINES["alert_untaken"])
