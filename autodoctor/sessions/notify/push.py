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
from autodoctor.sessions.queries import eligibility
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.rules.rule import Notice, Tell
from autodoctor.sessions.rules.table import A_DAY, MECHANIC_WAITS, RULES
from autodoctor.sessions.states import BEFORE_START, EventKind, State

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
OUT_OF_THE_QUEUE = {EventKind.SESSION_ACCEPTED, EventKind.SESSION_CANCELLED, EventKind.SESSION_EXPIRED}
BACK_IN_THE_QUEUE = {EventKind.SESSION_REQUESTED, EventKind.SESSION_RELEASED}


def push_new_events(state: SessionState, now: datetime) -> None:
    """Queue push messages for the open transaction's events. The last event about a subject replaces earlier ones."""
    found = {
        (notice.to, notice.about): notice for event in state.session.fresh_events if (notice := _notice(state, event))
    }
    for notice in found.values():
        _post(state.session, notice, now)
    kinds = {event.kind for event in state.session.fresh_events}
    if kinds & (BACK_IN_THE_QUEUE if state.session.state == State.REQUESTED else OUT_OF_THE_QUEUE):
        _follow_queue(state.session, now)


def _follow_queue(session: Session, now: datetime) -> None:
    """Schedule the offer of a request, or its end; an offer that nobody has seen yet is withdrawn instead."""
    if session.state != State.REQUESTED and cancel(SessionJob.REQUEST_OFFER, str(session.id)):
        return
    if reaches(eligibility.eligible_mechanics(session, now)):
        schedule(SessionJob.REQUEST_OFFER, str(session.id), now, session_id=session.id)


def push_request_offer(job: Job, now: datetime) -> None:
    """Notify every eligible mechanic of a request. If it is gone by now, that replaces what they were told before."""
    session = Session.objects.filter(pk=job.key).first()
    if session is None:
        return
    note = _offer(session, now) if session.state == State.REQUESTED else _end_of_offer(session, now)
    to = eligibility.eligible_mechanics(session, now).values_list("id", flat=True)
    queue_push(note, to=to, now=now)


def _offer(session: Session, now: datetime) -> PushNote:
    earns = format_cents(settlement.mechanic_share_cents(settlement.agreed_cents(session)), session.currency)
    facts = {"plan": session.plan_name, "time": format_duration(session.granted_seconds), "earns": earns}
    return PushNote(
        title=_("New request"),
        body=_("%(plan)s, %(time)s. You earn %(earns)s.") % facts,
        path=links.room_page(session.id),
        topic=_topic(session),
        until=min(filter(None, [session.unattended_at, now + REQUEST_IS_NEWS])),
        seen_at=(links.dashboard(),),
    )


def _end_of_offer(session: Session, now: datetime) -> PushNote:
    taken = session.mechanic_id is not None
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
