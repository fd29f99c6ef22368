"""Handlers of session deadlines. Each handler checks the rule again under the session's lock and acts if the rule is
due.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Literal, assert_never
from uuid import UUID

from django.conf import settings

from autodoctor.accounts.models import Role
from autodoctor.scheduler.handlers import Handler, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.job_kinds import SessionJob
from autodoctor.sessions.jobs import chats, unpaid
from autodoctor.sessions.jobs.sweep import sweep
from autodoctor.sessions.lifecycle import (
    alert_work,
    endings,
    extensions,
    media,
    missed_requests,
    questions,
    substitutes,
    transitions,
)
from autodoctor.sessions.lifecycle.transaction import change_together, session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.notify import mail, mechanic_back, push
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import schedule
from autodoctor.sessions.rules.rule import (
    CancelUnstarted,
    CompleteSession,
    EndPrivacy,
    ReleaseMechanic,
    Rule,
    Step,
    Tell,
)
from autodoctor.sessions.rules.table import DEADLINES

logger = logging.getLogger(__name__)


def _do(rule: Rule, state: SessionState, at: datetime, now: datetime) -> None:
    """Do the rule's action; `at` is the rule's own moment, `now` the real time."""
    match rule.does:
        case Step() as step:
            _take(step, state, at, now)
        case Tell(step=Step() as step):
            _take(step, state, at, now)
        case Tell():
            mail.notify_rule_fired(state, rule.kind, at=at)
        case CancelUnstarted(state=target, reason=reason):
            endings.cancel_by_deadline(state, target, reason, at, now)
        case EndPrivacy():
            endings.end_privacy(state, at)
        case ReleaseMechanic(reason=reason):
            transitions.release_by_deadline(state, reason, at)
        case CompleteSession(reason=reason):
            endings.complete_session(state, reason, at=at)
        case _:
            assert_never(rule.does)


def _take(step: Step, state: SessionState, at: datetime, now: datetime) -> None:
    match step:
        case Step.COUNT_MISSED_REQUEST:
            missed_requests.count_missed_request(state, at, now)
        case Step.RELEASE_UNSTARTED | Step.SEARCH_AGAIN:
            release = transitions.release_unstarted if step is Step.RELEASE_UNSTARTED else substitutes.search_again
            release(state, at)
        case Step.RECORD_MECHANIC_MISSING | Step.RECORD_CUSTOMER_MISSING:
            role = Role.MECHANIC if step is Step.RECORD_MECHANIC_MISSING else Role.CUSTOMER
            transitions.record_missing(state, role, at, now)
        case Step.RECORD_MEDIA_LOST:
            media.record_media_lost(state, at)
        case Step.END_AT_TIME_UP:
            extensions.end_at_time_up(state, at, now)
        case Step.END_SPENT_PAUSE:
            transitions.end_spent_pause(state, at)
        case Step.COUNT_AS_SOLVED | Step.CLOSE_QUESTION:
            _take_after_the_end(step, state, at)
        case _:
            assert_never(step)


def _take_after_the_end(
    step: Literal[Step.COUNT_AS_SOLVED, Step.CLOSE_QUESTION], state: SessionState, at: datetime
) -> None:
    match step:
        case Step.COUNT_AS_SOLVED:
            endings.record_solved_answer(state, True, at=at)
        case Step.CLOSE_QUESTION:
            questions.close_unanswered(state, at=at)
        case _:
            assert_never(step)


def run_deadline(job: Job, now: datetime) -> None:
    """Apply this rule if it is still due. `session_transaction` schedules the next deadlines."""
    try:
        with session_transaction(UUID(job.key), now) as state:
            _fire(DEADLINES[job.kind], state, now)
    except Session.DoesNotExist:
        return


def run_deadlines(jobs: Sequence[Job], now: datetime) -> list[Job]:
    """Apply one rule to many sessions. Returns the jobs of those for which that is done."""
    fire = partial(_fire, DEADLINES[jobs[0].kind], now=now)
    done = change_together([UUID(job.key) for job in jobs], fire, now)
    return [job for job in jobs if UUID(job.key) in done]


def _fire(rule: Rule, state: SessionState, now: datetime) -> None:
    moment = schedule.moment_of(rule, state)
    if moment is not None and moment <= now:
        facts = mail.rule_data(state, rule, moment)
        _do(rule, state, moment, now)
        logger.info("Rule fired: %s", " ".join(f"{name}={value}" for name, value in facts.items()))


def _sweep(job: Job, now: datetime) -> None:
    sweep(now)


def _between_sweeps() -> timedelta:
    return timedelta(seconds=settings.DEADLINES["sweep"])


JOBS: dict[str, Handler] = {kind: Handler(run_deadline, together=run_deadlines) for kind in DEADLINES} | {
    SessionJob.REQUEST_OFFER: Handler(push.push_request_offer),
    SessionJob.ALERT_UNTAKEN: Handler(alert_work.escalate),
    SessionJob.ANSWER_OVERDUE: Handler(alert_work.remind),
    SessionJob.SWEEP: Handler(_sweep, lane=Lane.INSIDE, every=_between_sweeps),
    SessionJob.REALIGN: Handler(_sweep, lane=Lane.INSIDE),
    SessionJob.TELL_OF_RETURN: Handler(mechanic_back.tell_of_return, lane=Lane.INSIDE, every=always(minutes=1)),
    SessionJob.FORGET_UNPAID: Handler(unpaid.forget, lane=Lane.INSIDE, every=always(days=1)),
    SessionJob.READ_CHATS: Handler(chats.read, lane=Lane.INSIDE, every=always(minutes=1)),
}
