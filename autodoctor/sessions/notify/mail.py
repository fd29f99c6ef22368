"""Notifications beside the change itself: nudges, alerts and warnings in the log, and mail."""

from datetime import datetime
from typing import TypedDict

from autodoctor.accounts.models import User
from autodoctor.mail.queue import queue_mail
from autodoctor.payments.formatting import format_cents
from autodoctor.payments.models import Payment
from autodoctor.sessions import end_reasons, formatting
from autodoctor.sessions.event_data import EventData, RuleData, joined
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.queries import pending_summaries
from autodoctor.sessions.queries.questions import QuestionThread
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import settlement, spent_time, triggers
from autodoctor.sessions.rules.rule import Rule, Tell
from autodoctor.sessions.rules.table import RULES


def notify_rule_fired(state: SessionState, name: str, *, at: datetime, data: EventData | None = None) -> None:
    """Append the nudge, alert or warning of a rule, once per occasion, for the rule's audience."""
    rule = RULES[name]
    if not isinstance(rule.does, Tell):
        raise TypeError(f"{name} tells nobody anything")
    occasion = rule.once_per(state.session) if rule.once_per else 0
    facts = joined(rule_data(state, rule, at), rule.does.data, data or EventData())
    state.fired[name, occasion] = at
    event_log.append_event(
        state.session, rule.does.kind, at=at, audience=rule.does.audience, rule=name, occasion=occasion, data=facts
    )
    person = _person(state.session, rule.does.audience)
    if rule.does.mail and rule.does.wanted(person):
        costs = {"cancel_costs": _cancel_costs(state, at)} if rule.does.mail == "offer_stop" else {}
        send_session_mail(person, state, rule.does.mail, now=at, **costs)


def _cancel_costs(state: SessionState, at: datetime) -> str:
    """Return what a cancellation costs the customer; empty if it is free."""
    cents = settlement.late_cancel_cents(state.session) if spent_time.spent_mechanic(state, at) else 0
    return format_cents(cents, state.session.currency) if cents else ""


def rule_data(state: SessionState, rule: Rule, at: datetime) -> RuleData:
    """Return what the log stores for a fired rule (docs/protocol.md). `minutes` since the trigger; negative before
    it.
    """
    since = rule.since.of(state)
    minutes = 0.0 if since is None else (at - since).total_seconds() / 60
    found = RuleData(
        rule=rule.kind,
        minutes=round(minutes, 1),
        session_id=str(state.session.id),
        mechanic=str(state.session.mechanic_id) if state.session.mechanic_id else None,
        customer=str(state.session.customer_id),
    )
    if rule.ahead and rule.wait:
        found["seconds_left"] = triggers.duration(rule.wait.name).total_seconds()
    return found


class Mark(TypedDict):
    """The rule and the occasion that an event is logged with."""

    rule: str | None
    occasion: int | None


UNMARKED = Mark(rule=None, occasion=None)


def count_fact(state: SessionState, fact: str, at: datetime) -> Mark:
    """Mark the next appended event with a rule, so that rules about "the second time" can count it."""
    occasion = state.session.seq + 1
    state.fired[fact, occasion] = at
    return Mark(rule=fact, occasion=occasion)


def alert_support(state: SessionState, name: str, *, at: datetime, data: EventData) -> None:
    """Raise an alert for support about something that happened now, by a rule without a deadline."""
    rule = RULES[name]
    if not isinstance(rule.does, Tell):
        raise TypeError(f"{name} tells nobody anything")
    facts = joined(rule_data(state, rule, at), data)
    event_log.append_event(state.session, rule.does.kind, at=at, audience=rule.does.audience, data=facts)


def _person(session: Session, audience: event_log.Audience) -> User:
    if audience == event_log.Audience.MECHANIC and session.mechanic:
        return session.mechanic
    return session.customer


def send_end_mail(state: SessionState, *, now: datetime) -> None:
    """Send the mail about the end. If the mechanic ended early, ask the customer whether the problem is solved."""
    session = state.session
    if not session.asks_solved:
        return send_closing_mail(state, "completed", now=now)
    payments = list(Payment.objects.filter(owner_id=session.id))
    costs = {
        f"{answer}_costs": format_cents(settlement.amounts_due_if(session, payments, solved=solved), session.currency)
        for answer, solved in {"yes": True, "no": False}.items()
    }
    little = settlement.given_up_if(session, payments, solved=False)
    used = formatting.format_duration(settlement.used_seconds(session))
    until = stamp(now + triggers.duration("solved_answer"))
    return send_session_mail(
        session.customer, state, "is_it_solved", now=now, used=used, answer_until_at=until, why_little=little, **costs
    )


def send_closing_mail(state: SessionState, template: str, *, now: datetime) -> None:
    """Queue a mail that tells the customer first why the session is over."""
    what_happened = end_reasons.mail_words(state.session)
    send_session_mail(state.session.customer, state, template, now=now, what_happened=what_happened)


def send_session_mail(user: User, state: SessionState, template: str, *, now: datetime, **more: str | None) -> None:
    """Queue a mail about this session. `template` names one of our templates, `more` is its extra context."""
    session = state.session
    facts = {
        "session_id": str(session.id),
        "plan": session.plan_name,
        "mechanic": session.mechanic.name if session.mechanic else "",
        "customer": session.customer.name,
        "vehicle": session.vehicle_words,
        "question_until_at": stamp(QuestionThread(session).closes_at),
        "ended_at": stamp(session.ended_at),
        "summary_due_at": stamp(pending_summaries.due_at(session)),
        **more,
    }
    queue_mail(
        f"sessions/mail/{template}",
        to=user,
        context=facts,
        key=f"{session.id}:{template}:{session.seq}:{user.id}",
        now=now,
        session_id=session.id,
    )
