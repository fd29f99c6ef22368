"""Support takes, hands back and finishes alerts. Untaken alerts are escalated, late answers are called for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core import links
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import visible_text
from autodoctor.mail.queue import queue_mail
from autodoctor.push import queue as push
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import AlertData, DoneAlertData, EventData, TakenAlertData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Alert, stamp
from autodoctor.sessions.notify import mail
from autodoctor.sessions.record import alerts, event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules.table import DEADLINES
from autodoctor.sessions.states import EventKind

SUPPORT = event_log.Audience.SUPPORT
NOTE_LENGTH = 200
PUSH_IS_NEWS = timedelta(minutes=30)


@dataclass
class AlertWork:
    """An alert that a support person works on, under the session's lock."""

    state: SessionState
    alert: Alert
    who: event_log.Actor

    def note(self, kind: EventKind, data: AlertData, *, at: datetime) -> None:
        event_log.append_event(self.state.session, kind, at=at, by=self.who, audience=SUPPORT, data=data)


def raise_support_alert(*, session_id: UUID, rule: str, data: EventData, now: datetime) -> None:
    """Raise an alert for a rule without a deadline."""
    with session_transaction(session_id, now) as state:
        mail.alert_support(state, rule, at=now, data=data)


def take_alert(*, session_id: UUID, seq: int, by: User, now: datetime, instead_of: UUID | None = None) -> Alert:
    """Assign the alert to this person. A second person is refused, unless they name the holder to take it over from.

    Raises `Refused`, `Session.DoesNotExist` and `Alert.DoesNotExist`; so do the others here.
    """
    with _working_on(session_id, seq, by, now) as work:
        alert = work.alert
        if alert.taken_by_id == by.id:
            return alert
        if alert.taken_by and alert.taken_by_id != instead_of:
            raise Refused("already_taken", _("%(name)s has already taken this alert.") % {"name": alert.taken_by.name})
        before = alert.taken_by.name if alert.taken_by else ""
        work.note(EventKind.SUPPORT_TOOK, TakenAlertData(**_data_of(alert), instead_of=before), at=now)
        alert.taken_by, alert.taken_at = by, now
        alerts.cancel_escalation(alert)
        return alert


def hand_back_alert(*, session_id: UUID, seq: int, by: User, now: datetime) -> Alert:
    """Return the alert to everybody and schedule a new escalation."""
    with _working_on(session_id, seq, by, now) as work:
        alert = work.alert
        if alert.taken_by_id is None:
            return alert
        if alert.taken_by_id != by.id:
            raise Refused(
                "not_yours", _("Only the person who took this alert can hand it back. You can take the alert over.")
            )
        work.note(EventKind.SUPPORT_HANDED_BACK, _data_of(alert), at=now)
        alert.taken_by, alert.taken_at = None, None
        alerts.schedule_escalation(alert, since=now)
        return alert


def finish_alert(*, session_id: UUID, seq: int, by: User, now: datetime, note: str = "") -> Alert:
    """Close the alert. `note` describes for the log what was done."""
    with _working_on(session_id, seq, by, now) as work:
        alert = work.alert
        if alert.taken_by and alert.taken_by_id != by.id:
            raise Refused(
                "not_yours", _("%(name)s has this alert. Take the alert over first.") % {"name": alert.taken_by.name}
            )
        done = visible_text(note)[:NOTE_LENGTH]
        work.note(EventKind.SUPPORT_DONE, DoneAlertData(**_data_of(alert), note=done), at=now)
        alert.taken_by, alert.taken_at = by, alert.taken_at or now
        _close(alert, now)
        return alert


@contextmanager
def _working_on(session_id: UUID, seq: int, by: User, now: datetime) -> Iterator[AlertWork]:
    """Lock the alert. Raises `Refused` for a person outside support and for a finished alert."""
    with session_transaction(session_id, now) as state:
        who = event_log.actor(by, state.session)
        if who.role != Role.SUPPORT:
            raise Refused("not_support", _("Only support works on alerts."), 403)
        alert = Alert.objects.select_related("taken_by").get(session_id=session_id, seq=seq)
        if alert.done_at:
            raise Refused("already_done", _("This alert is already done."))
        yield AlertWork(state, alert, who)
        alert.save()


def is_over(alert: Alert, state: SessionState) -> bool:
    """Return whether the cause of the alert is gone: its rule would no longer fire on this occasion."""
    rule = DEADLINES.get(alert.rule)
    if rule is None:
        return False
    moved_on = rule.once_per is not None and rule.once_per(state.session) != alert.occasion
    return moved_on or state.session.state not in rule.states or rule.due(state) is None


def escalate(job: Job, now: datetime) -> None:
    """Escalate an alert that nobody took in time. An alert whose cause is gone is closed instead."""
    session_id, seq = alerts.alert_of_key(job.key)
    with session_transaction(session_id, now) as state:
        alert = Alert.objects.filter(session_id=session_id, seq=seq).first()
        if alert is None or alert.taken_at or alert.done_at or alert.escalated_at:
            return
        if is_over(alert, state):
            _note_by_itself(state, alert, EventKind.ALERT_SETTLED, at=now)
            _close(alert, now)
        else:
            kind = EventKind.ALERT_UNTAKEN
            _note_by_itself(state, alert, kind, at=job.due_at, rule=kind, occasion=seq)
            alert.escalated_at = now
            for reach in CHANNELS:
                reach(state, alert, now)
        alert.save()


def _note_by_itself(
    state: SessionState,
    alert: Alert,
    kind: EventKind,
    *,
    at: datetime,
    rule: str | None = None,
    occasion: int | None = None,
) -> None:
    data = _data_of(alert)
    event_log.append_event(state.session, kind, at=at, audience=SUPPORT, data=data, rule=rule, occasion=occasion)


def _data_of(alert: Alert) -> AlertData:
    return AlertData(alert=alert.seq, rule=alert.rule)


def _close(alert: Alert, now: datetime) -> None:
    alert.done_at = now
    alerts.cancel_jobs(alert)


def remind(job: Job, now: datetime) -> None:
    """Tell all of support that an answer is late, taken or not, and again each time it is."""
    session_id, seq = alerts.alert_of_key(job.key)
    with session_transaction(session_id, now) as state:
        alert = Alert.objects.filter(session_id=session_id, seq=seq).first()
        if alert is None or alerts.answer_late_at(alert) is None:
            return
        alert.reminded_at = now
        alert.save()
        _mail_support("help_overdue", state, alert, now)
        _push_support(_("A question waits for its answer"), state, now)
        alerts.schedule_reminder(alert)


def escalate_by_mail(state: SessionState, alert: Alert, now: datetime) -> None:
    _mail_support("alert_untaken", state, alert, now)


def escalate_by_push(state: SessionState, alert: Alert, now: datetime) -> None:
    """Send push messages to support people who turned push on. A visible board shows the alert instead."""
    _push_support(_("Nobody has taken an alert"), state, now)


def _mail_support(template: str, state: SessionState, alert: Alert, now: datetime) -> None:
    facts = {
        "session_id": str(state.session.id),
        "rule": alert.rule,
        "facts": alert.facts,
        "customer": state.session.customer.name,
        "raised_at": stamp(alert.raised_at),
    }
    for person in alerts.support_staff():
        key = f"alert:{template}:{alerts.key_of(alert)}:{now:%Y%m%d%H%M}:{person.id}"
        queue_mail(f"sessions/mail/{template}", to=person, context=facts, key=key, now=now, session_id=state.session.id)


def _push_support(title: str, state: SessionState, now: datetime) -> None:
    note = push.PushNote(
        title=title,
        body=state.session.customer.name,
        path=links.support_case(state.session.id),
        topic=f"{state.session.id}:alert",
        until=now + PUSH_IS_NEWS,
        seen_at=(links.support_board(),),
    )
    push.queue_push(note, to=[person.id for person in alerts.support_staff()], now=now)


# Every way in which support is reached that does not look at the board: in the transaction that says so in the log.
CHANNELS: list[Callable[[SessionState, Alert, datetime], None]] = [escalate_by_mail, escalate_by_push]
