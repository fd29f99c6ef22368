"""What people are told besides the change itself: nudges, alerts and warnings in the log, and mail."""

from datetime import datetime
from typing import Any

from autodoctor.accounts.models import User
from autodoctor.mail.post import post
from autodoctor.payments.models import Payment
from autodoctor.payments.words import money
from autodoctor.sessions import deadlines, log, settlement, unwritten, words
from autodoctor.sessions.attendance import Situation
from autodoctor.sessions.models import stamp

AUDIENCES = {
    "nudge.customer": log.Audience.CUSTOMER,
    "nudge.mechanic": log.Audience.MECHANIC,
    "alert.support": log.Audience.SUPPORT,
}


def tell(it: Situation, rule: str, kind: str, *, at: datetime, data: dict[str, Any] | None = None) -> None:
    """A nudge, an alert or a warning: once per rule and occasion, read by whom it is meant for."""
    once_per = deadlines.DEADLINES[rule].once_per
    occasion = once_per(it.session) if once_per else 0
    it.fired.add((rule, occasion))
    audience = AUDIENCES.get(kind, log.Audience.BOTH)
    facts = {"rule": rule, **(data or {})}
    log.append(it.session, kind, at=at, audience=audience, rule=rule, occasion=occasion, data=facts)


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
    used = words.span(settlement.used_seconds(session))
    until = stamp(now + deadlines.span("solved_answer"))
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
        "summary_due_at": stamp(unwritten.due_at(session)),
        **more,
    }
    post(f"sessions/mail/{template}", to=user, context=facts, key=f"{session.id}:{template}:{session.seq}", now=now)
