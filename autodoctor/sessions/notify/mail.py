"""What people are told besides the change itself: nudges, alerts and warnings in the log, and mail."""

from datetime import datetime
from typing import Any

from autodoctor.accounts.models import User
from autodoctor.mail.queue import post
from autodoctor.payments.formatting import money
from autodoctor.payments.models import Payment
from autodoctor.sessions import formatting
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.queries import pending_summaries
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import Situation
from autodoctor.sessions.rules import settlement, triggers
from autodoctor.sessions.rules.table import RULES, Rule, Tell


def tell(it: Situation, name: str, *, at: datetime, data: dict[str, Any] | None = None) -> None:
    """A nudge, an alert or a warning as its rule has it: once per occasion, read by whom it is meant for."""
    rule = RULES[name]
    if not isinstance(rule.does, Tell):
        raise TypeError(f"{name} tells nobody anything")
    occasion = rule.once_per(it.session) if rule.once_per else 0
    facts = facts_of(it, rule, at) | rule.does.data | (data or {})
    it.fired[name, occasion] = at
    event_log.append(
        it.session, rule.does.kind, at=at, audience=rule.does.audience, rule=name, occasion=occasion, data=facts
    )
    if rule.does.mail:
        write_to(_person(it.session, rule.does.audience), it, rule.does.mail, now=at)


def facts_of(it: Situation, rule: Rule, at: datetime) -> dict[str, Any]:
    """What the log keeps of a rule that fired (docs/protocol.md). `minutes` since its moment; ahead of it, negative."""
    since = rule.since.of(it)
    minutes = 0.0 if since is None else (at - since).total_seconds() / 60
    return {"rule": rule.kind, "minutes": round(minutes, 1), **ids_of(it.session)}


def ids_of(session: Session) -> dict[str, str | None]:
    """Which session, and whose."""
    return {
        "session_id": str(session.id),
        "mechanic": str(session.mechanic_id) if session.mechanic_id else None,
        "customer": str(session.customer_id),
    }


def count(it: Situation, fact: str, at: datetime) -> dict[str, Any]:
    """For the event that is appended next: that it counts as one of these, for the rules that look at how many."""
    occasion = it.session.seq + 1
    it.fired[fact, occasion] = at
    return {"rule": fact, "occasion": occasion}


def alert(it: Situation, name: str, *, at: datetime, data: dict[str, Any]) -> None:
    """Support is told of something that happened just now, by a rule without a deadline."""
    rule = RULES[name]
    if not isinstance(rule.does, Tell):
        raise TypeError(f"{name} tells nobody anything")
    facts = facts_of(it, rule, at) | data
    event_log.append(it.session, rule.does.kind, at=at, audience=rule.does.audience, data=facts)


def _person(session: Session, role: str) -> User:
    if role == "mechanic" and session.mechanic:
        return session.mechanic
    return session.customer


def write_of_the_end(it: Situation, *, now: datetime) -> None:
    """The session is over; when its mechanic ended early, the customer is asked whether it is solved."""
    session = it.session
    if session.end_reason != settlement.ASK_FIRST:
        return write_to(session.customer, it, "completed", now=now)
    payments = list(Payment.objects.filter(owner_id=session.id))
    costs = {
        f"{answer}_costs": money(settlement.due_if(session, payments, solved=solved), session.currency)
        for answer, solved in {"yes": True, "no": False}.items()
    }
    used = formatting.span(settlement.used_seconds(session))
    until = stamp(now + triggers.span("solved_answer"))
    return write_to(session.customer, it, "is_it_solved", now=now, used=used, answer_until_at=until, **costs)


def write_to(user: User, it: Situation, template: str, *, now: datetime, **more: str | None) -> None:
    """Mail about this session; `template` names one of ours, `more` is what only that one says."""
    session = it.session
    facts = {
        "session_id": str(session.id),
        "plan": session.plan_name,
        "end_reason": session.end_reason,
        "mechanic": session.mechanic.name if session.mechanic else "",
        "customer": session.customer.name,
        "summary_due_at": stamp(pending_summaries.due_at(session)),
        **more,
    }
    post(f"sessions/mail/{template}", to=user, context=facts, key=f"{session.id}:{template}:{session.seq}", now=now)
