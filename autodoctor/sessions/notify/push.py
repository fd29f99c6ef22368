"""Push messages: who is notified, in which words, derived from the events that a transaction appended.

The words are those of a lock screen; mail is separate (`sessions/notify/mail.py`). An event is pushed if its kind is in
`NOTICES`, or if the row of its rule has words for it. The action that appends the event does not need to know.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role
from autodoctor.core import links
from autodoctor.payments.formatting import format_cents
from autodoctor.push.queue import PushNote, queue_push, reaches
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import cancel, schedule
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.job_kinds import SessionJob
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.queries import eligibility, substitutes
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.rule import Notice, Tell
from autodoctor.sessions.rules.table import A_DAY, MECHANIC_WAITS, QUESTION_WAITS, RULES
from autodoctor.sessions.states import BEFORE_START, OFFERED, TERMINAL, EventKind, State

REQUEST_IS_NEWS = timedelta(minutes=3)  # after this time another mechanic has the request


# Words by kind of event; a rule's own words stand in its row.
NOTICES: dict[str, Notice] = {
    EventKind.SESSION_ACCEPTED: Notice(
        Role.CUSTOMER,
        gettext_lazy("%(mechanic)s has accepted"),
        gettext_lazy("Open your session and join. The clock does not start before both of you have joined."),
    ),
    "mechanic.came": MECHANIC_WAITS,
    EventKind.SESSION_WAITING: Notice(
        Role.CUSTOMER,
        gettext_lazy("You are both here"),
        gettext_lazy("%(mechanic)s is about to start the session."),
    ),
    EventKind.SESSION_RELEASED: Notice(
        Role.CUSTOMER,
        gettext_lazy("Your mechanic could not continue"),
        gettext_lazy("Your request is at the front of the queue. Nothing has been charged."),
    ),
    EventKind.SESSION_HANDING_OVER: Notice(
        Role.CUSTOMER,
        gettext_lazy("Another mechanic is needed"),
        gettext_lazy("We are looking for one. The clock is paused, and your time waits for you."),
    ),
    EventKind.SESSION_TAKEN_OVER: Notice(
        Role.CUSTOMER,
        gettext_lazy("%(mechanic)s goes on with your session"),
        gettext_lazy("Open your session. The clock runs again when both of you are there."),
    ),
    EventKind.SESSION_OPENED: Notice(
        Role.CUSTOMER,
        gettext_lazy("Your request goes to every mechanic now"),
        gettext_lazy("The mechanic whom you asked for could not take it. Nothing has been charged."),
    ),
    EventKind.SESSION_EXPIRED: Notice(
        Role.CUSTOMER,
        gettext_lazy("Your session did not take place"),
        gettext_lazy("Open the session to see why."),
        lasts=A_DAY,
        urgent=False,
    ),
    EventKind.SUMMARY_SUBMITTED: Notice(
        Role.CUSTOMER,
        gettext_lazy("Your summary is ready"),
        gettext_lazy("What %(mechanic)s found, and what to do next."),
        lasts=A_DAY,
        urgent=False,
        about="summary",
        page=links.summary_page,
    ),
    EventKind.QUESTION_ASKED: QUESTION_WAITS,
    EventKind.QUESTION_ANSWERED: Notice(
        Role.CUSTOMER,
        gettext_lazy("%(mechanic)s has answered your question"),
        gettext_lazy("Read the answer."),
        lasts=A_DAY,
        urgent=False,
        about="question",
        page=links.question_page,
    ),
    EventKind.QUESTION_CLOSED: Notice(
        Role.CUSTOMER,
        gettext_lazy("Your question was not answered"),
        gettext_lazy("Our support team looks after it."),
        lasts=A_DAY,
        urgent=False,
        about="question",
        page=links.question_page,
    ),
    EventKind.NUDGE_CUSTOMER: Notice(
        Role.CUSTOMER,
        gettext_lazy("Your session needs you"),
        gettext_lazy("Open the session to see what is happening."),
    ),
    EventKind.NUDGE_MECHANIC: Notice(
        Role.MECHANIC,
        gettext_lazy("Your session needs you"),
        gettext_lazy("Open the session to see what is happening."),
    ),
}
OUT_OF_THE_QUEUE = {
    *(EventKind.SESSION_ACCEPTED, EventKind.SESSION_CANCELLED, EventKind.SESSION_EXPIRED),
    EventKind.SESSION_TAKEN_OVER,
}
ENDS = {EventKind.SESSION_ENDED, EventKind.SESSION_AUTO_CLOSED}  # out of the queue, too, if it was in it
BACK_IN_THE_QUEUE = {
    *(EventKind.SESSION_REQUESTED, EventKind.SESSION_OPENED, EventKind.SESSION_RELEASED),
    EventKind.SESSION_HANDING_OVER,
}


def push_new_events(state: SessionState, now: datetime) -> None:
    """Queue push messages for the open transaction's events. The last event about a subject replaces earlier ones."""
    found = {
        (notice.to, notice.about): notice for event in state.session.fresh_events if (notice := _notice(state, event))
    }
    for notice in found.values():
        _post(state.session, notice, now)
    if {event.kind for event in state.session.fresh_events} & _moves_queue(state.session):
        _follow_queue(state.session, now)


def _moves_queue(session: Session) -> set[EventKind]:
    """Return the events that show a session in its present state to mechanics, or hide it from them."""
    if session.state in OFFERED:
        return BACK_IN_THE_QUEUE
    return OUT_OF_THE_QUEUE | ENDS if session.search_at else OUT_OF_THE_QUEUE


def _follow_queue(session: Session, now: datetime) -> None:
    """Schedule the offer of a request, or its end; an offer that nobody has seen yet is withdrawn instead."""
    if session.state not in OFFERED and cancel(SessionJob.REQUEST_OFFER, str(session.id)):
        return
    if reaches(eligibility.eligible_mechanics(session, now)):
        schedule(SessionJob.REQUEST_OFFER, str(session.id), now, session_id=session.id)


def push_request_offer(job: Job, now: datetime) -> None:
    """Notify every eligible mechanic of a request. If it is gone by now, that replaces what they were told before."""
    session = Session.objects.filter(pk=job.key).first()
    if session is None:
        return
    note = _offer(session, now) if session.state in OFFERED else _end_of_offer(session, now)
    to = eligibility.eligible_mechanics(session, now)
    if session.private_until and session.asked_for_id:  # whoever never saw it hears nothing of its end
        to = to.filter(pk=session.asked_for_id)
    queue_push(note, to=to.values_list("id", flat=True), now=now)


def _offer(session: Session, now: datetime) -> PushNote:
    if session.state == State.HANDING_OVER:
        return _offer_to_go_on(session, now)
    earns = format_cents(settlement.mechanic_share_cents(settlement.agreed_cents(session)), session.currency)
    facts = {"plan": session.plan_name, "time": format_duration(session.granted_seconds), "earns": earns}
    asks = _("%(name)s asks for you") % {"name": session.customer.name}
    return PushNote(
        title=asks if session.is_private else _("New request"),
        body=_("%(plan)s, %(time)s. You earn %(earns)s.") % facts,
        path=links.room_page(session.id),
        topic=_topic(session),
        until=session.private_until or min(filter(None, [session.unattended_at, now + REQUEST_IS_NEWS])),
        seen_at=(links.dashboard(),),
    )


def _offer_to_go_on(session: Session, now: datetime) -> PushNote:
    rest = substitutes.going_on([session], now)[session.id]
    earns = format_cents(rest.earns_cents, session.currency)
    facts = {"plan": session.plan_name, "time": format_duration(rest.seconds_left), "earns": earns}
    return PushNote(
        title=_("A running session needs a mechanic"),
        body=_("%(plan)s goes on: %(time)s left. You earn up to %(earns)s.") % facts,
        path=links.room_page(session.id),
        topic=_topic(session),
        until=substitutes.search_ends_at(session) or now + REQUEST_IS_NEWS,
        seen_at=(links.dashboard(),),
    )


def _end_of_offer(session: Session, now: datetime) -> PushNote:
    taken = session.mechanic_id is not None and session.state not in TERMINAL
    return PushNote(
        title=_("The request is taken") if taken else _("The request was called off"),
        body=_("Open your dashboard to see other requests."),
        path=links.dashboard(),
        topic=_topic(session),
        until=now + REQUEST_IS_NEWS,
        urgent=False,
        quiet=True,
    )


def _topic(session: Session) -> str:
    return f"{session.id}:request"


def _notice(state: SessionState, event: SessionEvent) -> Notice | None:
    """Return the notice of the event's rule, else of its kind. A person gets no notice of their own action."""
    kind = "mechanic.came" if _comes_first(state, event) else event.kind
    rule = RULES.get(event.rule or "")
    of_rule = rule.does.push if rule and isinstance(rule.does, Tell) else None
    notice = of_rule or NOTICES.get(kind)
    if state.session.is_private and kind == EventKind.SESSION_RELEASED:
        return None  # it ends in a moment, and that is told
    return notice if notice and event.actor_role != notice.to else None


def _comes_first(state: SessionState, event: SessionEvent) -> bool:
    joined = event.kind == EventKind.PARTICIPANT_JOINED and event.actor_role == Role.MECHANIC
    return joined and state.session.state in BEFORE_START and not state.customer.is_in


def _post(session: Session, notice: Notice, now: datetime) -> None:
    person = session.mechanic if notice.to == Role.MECHANIC else session.customer
    if person is None:
        return
    names = {"mechanic": session.mechanic.name if session.mechanic else "", "customer": session.customer.name}
    note = PushNote(
        title=str(notice.title) % names,
        body=str(notice.body) % names,
        path=notice.page(session.id),
        topic=f"{session.id}:{notice.about}",
        until=now + notice.lasts,
        urgent=notice.urgent,
    )
    queue_push(note, to=[person.id], now=now)
