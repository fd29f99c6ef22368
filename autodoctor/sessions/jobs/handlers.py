"""Handlers of session deadlines. Each handler checks the rule again under the session's lock and acts if the rule is
due.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.sweep import sweep
from autodoctor.sessions.lifecycle import alert_work, extensions, media, missed_requests, transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.notify import mail, push
from autodoctor.sessions.record import alerts
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import schedule
from autodoctor.sessions.rules.durations import REALIGN
from autodoctor.sessions.rules.table import DEADLINES, CancelUnstarted, CompleteSession, ReleaseMechanic, Rule, Tell
from autodoctor.sessions.rules.triggers import duration

logger = logging.getLogger(__name__)

# (situation, the rule's own moment, the real time)
Act = Callable[[SessionState, datetime, datetime], None]


def _missing(role: str) -> Act:
    return lambda state, at, now: transitions.record_missing(state, role, at, now)


def _warn(name: str) -> Act:
    rule = DEADLINES[name]
    return lambda state, at, now: mail.notify_rule_fired(
        state, name, at=at, data={"seconds_left": duration(rule.time).total_seconds()}
    )


# What a rule does that is no more than its row says.
STEPS: dict[str, Act] = {
    "request.missed": missed_requests.count_missed_request,
    "start.release": lambda state, at, now: transitions.release_unstarted(state, at),
    "mechanic.missing": _missing("mechanic"),
    "customer.missing": _missing("customer"),
    "media.lost": lambda state, at, now: media.record_media_lost(state, at),
    "session.warn_first": _warn("session.warn_first"),
    "session.warn_last": _warn("session.warn_last"),
    "session.time_up": extensions.end_at_time_up,
    "clock.pause_spent": lambda state, at, now: transitions.end_spent_pause(state, at),
    "session.solved": lambda state, at, now: transitions.record_solved_answer(state, True, at=at),
}


def _do(rule: Rule, state: SessionState, at: datetime, now: datetime) -> None:
    does = rule.does
    if rule.kind in STEPS:
        STEPS[rule.kind](state, at, now)
    elif isinstance(does, Tell):
        mail.notify_rule_fired(state, rule.kind, at=at)
    elif isinstance(does, CancelUnstarted):
        transitions.cancel_unstarted(state, does.state, does.reason, at=at)
    elif isinstance(does, ReleaseMechanic):
        transitions.release_by_deadline(state, does.reason, at)
    elif isinstance(does, CompleteSession):
        transitions.complete_session(state, does.reason, at=at)


def run_deadline(job: Job, now: datetime) -> None:
    """Apply this rule if it is still due. `session_transaction` schedules the next deadlines."""
    rule = DEADLINES[job.kind]
    try:
        with session_transaction(UUID(job.key), now) as state:
            moment = schedule.expected_deadlines(state).get(rule.kind)
            if moment is not None and moment <= now:
                facts = mail.rule_data(state, rule, moment)
                _do(rule, state, moment, now)
                logger.info("Rule fired: %s", " ".join(f"{name}={value}" for name, value in facts.items()))
    except Session.DoesNotExist:
        return


def _sweep(job: Job, now: datetime) -> None:
    sweep(now)


def _between_sweeps() -> timedelta:
    return timedelta(seconds=settings.DEADLINES["sweep"])


JOBS: dict[str, Handler] = {kind: Handler(run_deadline) for kind in DEADLINES} | {
    "request.offer": Handler(push.push_request_offer),
    alerts.UNTAKEN: Handler(alert_work.escalate),
    "sessions.sweep": Handler(_sweep, external=True, every=_between_sweeps),
    REALIGN: Handler(_sweep, external=True),
}
