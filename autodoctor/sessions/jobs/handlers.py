"""What the clock does at each deadline: the rule is looked at again under the lock, and if it is due it is done."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.sweep import sweep
from autodoctor.sessions.lifecycle import alert_work, extensions, media, missed_requests, transitions
from autodoctor.sessions.models import Session
from autodoctor.sessions.notify import mail, push
from autodoctor.sessions.record import alerts
from autodoctor.sessions.record.participants import Situation
from autodoctor.sessions.rules import schedule
from autodoctor.sessions.rules.durations import REALIGN
from autodoctor.sessions.rules.table import DEADLINES, CallOff, Complete, Release, Rule, Tell
from autodoctor.sessions.rules.triggers import span

logger = logging.getLogger(__name__)

# (situation, the rule's own moment, the real time)
Act = Callable[[Situation, datetime, datetime], None]


def _missing(role: str) -> Act:
    return lambda it, at, now: transitions.notice_missing(it, role, at, now)


def _warn(name: str) -> Act:
    rule = DEADLINES[name]
    return lambda it, at, now: mail.tell(it, name, at=at, data={"seconds_left": span(rule.time).total_seconds()})


# What a rule does that is no more than its row says.
STEPS: dict[str, Act] = {
    "request.missed": missed_requests.count,
    "start.release": lambda it, at, now: transitions.release_unstarted(it, at),
    "mechanic.missing": _missing("mechanic"),
    "customer.missing": _missing("customer"),
    "media.lost": lambda it, at, now: media.lose(it, at),
    "session.warn_first": _warn("session.warn_first"),
    "session.warn_last": _warn("session.warn_last"),
    "session.time_up": extensions.time_up,
    "clock.pause_spent": lambda it, at, now: transitions.spend_pause(it, at),
    "session.solved": lambda it, at, now: transitions.settle_answer(it, True, at=at),
}


def _do(rule: Rule, it: Situation, at: datetime, now: datetime) -> None:
    does = rule.does
    if rule.kind in STEPS:
        STEPS[rule.kind](it, at, now)
    elif isinstance(does, Tell):
        mail.tell(it, rule.kind, at=at)
    elif isinstance(does, CallOff):
        transitions.call_off(it, does.state, does.reason, at=at)
    elif isinstance(does, Release):
        transitions.release_by_deadline(it, does.reason, at)
    elif isinstance(does, Complete):
        transitions.complete(it, does.reason, at=at)


def run(job: Job, now: datetime) -> None:
    """Do what this rule says if it is still due; `changing` sets what is due next."""
    rule = DEADLINES[job.kind]
    try:
        with transitions.changing(UUID(job.key), now) as it:
            moment = schedule.wanted(it).get(rule.kind)
            if moment is not None and moment <= now:
                facts = mail.facts_of(it, rule, moment)
                _do(rule, it, moment, now)
                logger.info("Rule fired: %s", " ".join(f"{name}={value}" for name, value in facts.items()))
    except Session.DoesNotExist:
        return


def _sweep(job: Job, now: datetime) -> None:
    sweep(now)


def _between_sweeps() -> timedelta:
    return timedelta(seconds=settings.DEADLINES["sweep"])


JOBS: dict[str, Handler] = {kind: Handler(run) for kind in DEADLINES} | {
    "request.offer": Handler(push.offer),
    alerts.UNTAKEN: Handler(alert_work.escalate),
    "sessions.sweep": Handler(_sweep, external=True, every=_between_sweeps),
    REALIGN: Handler(_sweep, external=True),
}
