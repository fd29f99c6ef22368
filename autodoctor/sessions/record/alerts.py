"""Alerts as rows that support works on: derived from the log, written by `append_event` in the event's transaction."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from autodoctor.accounts.models import User
from autodoctor.conversations import deadlines
from autodoctor.scheduler import queue
from autodoctor.sessions.event_data import RuleData
from autodoctor.sessions.job_kinds import SessionJob
from autodoctor.sessions.models import Alert, SessionEvent
from autodoctor.sessions.states import EventKind


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
    schedule_reminder(alert)
    return alert


def schedule_escalation(alert: Alert, *, since: datetime) -> None:
    """Schedule the escalation of an untaken alert, once per alert."""
    if alert.escalated_at is None:
        queue.schedule(SessionJob.ALERT_UNTAKEN, key_of(alert), since + _patience(), session_id=alert.session_id)


def schedule_reminder(alert: Alert) -> None:
    """Schedule the next reminder of a question that waits for its answer, taken or not."""
    if answer_late_at(alert):
        due_at = deadlines.late_at(alert.raised_at, alert.reminded_at)
        queue.schedule(SessionJob.ANSWER_OVERDUE, key_of(alert), due_at, session_id=alert.session_id)


def answer_late_at(alert: Alert) -> datetime | None:
    """Return when the answer to a question is late; None if there is none to wait for."""
    waits = alert.rule == EventKind.HELP_ASKED and alert.answered_at is None and alert.done_at is None
    return deadlines.late_at(alert.raised_at) if waits else None


def note_answer(session_id: UUID, role: str, now: datetime) -> None:
    """Note on the alerts of this participant's questions that they have an answer."""
    questions = Alert.objects.filter(session_id=session_id, rule=EventKind.HELP_ASKED, answered_at=None)
    for alert in questions.filter(facts__role=role):
        alert.answered_at = now
        alert.save(update_fields=["answered_at"])
        queue.cancel(SessionJob.ANSWER_OVERDUE, key_of(alert))


def cancel_jobs(alert: Alert) -> None:
    """Cancel what still would happen to an alert that is done."""
    cancel_escalation(alert)
    queue.cancel(SessionJob.ANSWER_OVERDUE, key_of(alert))


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
    """Schedule missing escalations and reminders again. Returns how many were missing."""
    open_ones = {key_of(alert): alert for alert in Alert.objects.filter(done_at=None, taken_at=None, escalated_at=None)}
    held = {job.key for job in queue.pending([SessionJob.ALERT_UNTAKEN], list(open_ones))}
    for key in open_ones.keys() - held:
        schedule_escalation(open_ones[key], since=open_ones[key].raised_at)
    return len(open_ones.keys() - held) + _repair_reminders()


def _repair_reminders() -> int:
    questions = Alert.objects.filter(done_at=None, answered_at=None, rule=EventKind.HELP_ASKED)
    waiting = {key_of(alert): alert for alert in questions}
    held = {job.key for job in queue.pending([SessionJob.ANSWER_OVERDUE], list(waiting))}
    for key in waiting.keys() - held:
        schedule_reminder(waiting[key])
    return len(waiting.keys() - held)


def _patience() -> timedelta:
    return timedelta(seconds=settings.DEADLINES["alert_untaken"])
