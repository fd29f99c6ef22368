"""What the clock does at each deadline: the rule is looked at again under the lock, and if it is due it is done."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from autodoctor.clock.handlers import Handler
from autodoctor.clock.models import Job
from autodoctor.sessions import actions, alerts, deadlines, extending, media, notices, taking, telling
from autodoctor.sessions.attendance import Situation
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State
from autodoctor.sessions.sweep import sweep

# (situation, the rule's own moment, the real time)
Act = Callable[[Situation, datetime, datetime], None]


def _call_off(state: State, reason: str) -> Act:
    return lambda it, at, now: actions.call_off(it, state, reason, at=at)


def _release(reason: str) -> Act:
    return lambda it, at, now: actions.release_by_deadline(it, reason, at)


def _tell(rule: str, kind: str, **data: object) -> Act:
    return lambda it, at, now: telling.tell(it, rule, kind, at=at, data=data)


def _tell_and_write(rule: str, kind: str, template: str) -> Act:
    def act(it: Situation, at: datetime, now: datetime) -> None:
        telling.tell(it, rule, kind, at=at)
        to = it.session.mechanic if kind == "nudge.mechanic" else it.session.customer
        if to:
            telling.write_to(to, it, template, now=at)

    return act


def _missing(role: str) -> Act:
    return lambda it, at, now: actions.notice_missing(it, role, at, now)


def _complete(reason: str) -> Act:
    return lambda it, at, now: actions.complete(it, reason, at=at)


def _warn(rule: str, name: str) -> Act:
    seconds = settings.DEADLINES[name]
    return lambda it, at, now: telling.tell(it, rule, "session.warned", at=at, data={"seconds_left": seconds})


ACTS: dict[str, Act] = {
    "session.unpaid": _call_off(State.CANCELLED, "unpaid"),
    "request.unnoticed": _tell("request.unnoticed", "alert.support"),
    "request.offer_stop": _tell_and_write("request.offer_stop", "nudge.customer", "offer_stop"),
    "request.unattended": _call_off(State.EXPIRED, "unattended"),
    "session.never_started": _call_off(State.EXPIRED, "never_started"),
    "mechanic.nudge": _tell_and_write("mechanic.nudge", "nudge.mechanic", "mechanic_nudge"),
    "mechanic.absent": _release("mechanic_absent"),
    "mechanic.not_in": _release("mechanic_not_in"),
    "customer.nudge": _tell_and_write("customer.nudge", "nudge.customer", "customer_nudge"),
    "customer.second_nudge": _tell_and_write("customer.second_nudge", "nudge.customer", "customer_nudge"),
    "customer.no_show": _call_off(State.EXPIRED, "customer_no_show"),
    "start.sound": _tell("start.sound", "nudge.mechanic", sound=True),
    "start.alert": _tell("start.alert", "alert.support"),
    "start.release": lambda it, at, now: actions.release_unstarted(it, at),
    "mechanic.missing": _missing("mechanic"),
    "customer.missing": _missing("customer"),
    "media.lost": lambda it, at, now: media.lose(it, at),
    "session.warn_first": _warn("session.warn_first", "warn_first"),
    "session.warn_last": _warn("session.warn_last", "warn_last"),
    "session.time_up": extending.time_up,
    "session.cap": _complete("exceeded_3h_limit"),
    "clock.pause_spent": lambda it, at, now: actions.spend_pause(it, at),
    "mechanic.lost_offer": _tell("mechanic.lost_offer", "nudge.customer"),
    "mechanic.lost": _complete("mechanic_lost"),
    "customer.lost_offer": _tell("customer.lost_offer", "nudge.mechanic"),
    "session.solved": lambda it, at, now: actions.settle_answer(it, True, at=at),
    "summary.reminder": _tell_and_write("summary.reminder", "nudge.mechanic", "summary_reminder"),
    "summary.second_reminder": _tell_and_write("summary.second_reminder", "nudge.mechanic", "summary_overdue"),
    "summary.alert": _tell("summary.alert", "alert.support"),
}


def run(job: Job, now: datetime) -> None:
    """Do what this rule says if it is still due; `changing` sets what is due next."""
    rule = deadlines.DEADLINES[job.kind]
    try:
        with actions.changing(UUID(job.key), now) as it:
            moment = deadlines.wanted(it).get(rule.kind)
            if moment is not None and moment <= now:
                ACTS[rule.kind](it, moment, now)
    except Session.DoesNotExist:
        return


def _sweep(job: Job, now: datetime) -> None:
    sweep(now)


JOBS: dict[str, Handler] = {kind: Handler(run) for kind in ACTS} | {
    "request.offer": Handler(notices.offer),
    alerts.UNTAKEN: Handler(taking.escalate),
    "sessions.sweep": Handler(_sweep, external=True, every=timedelta(seconds=settings.DEADLINES["sweep"])),
}
