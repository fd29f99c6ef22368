"""Push messages: who is notified, in which words, derived from the events that a transaction appended.

Mail is separate (`send_session_mail`) because a mail says more; this module writes what a lock screen shows. An event
whose kind or rule is in `NOTICES` notifies people without another call.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from autodoctor.accounts.models import Role
from autodoctor.payments.formatting import format_cents
from autodoctor.push.queue import PushNote, queue_push, reaches
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.queries import request_queue
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import BEFORE_START, State

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

SOON, A_DAY = timedelta(minutes=10), timedelta(hours=24)
REQUEST_IS_NEWS = timedelta(minutes=3)  # longer than that, and somebody else has it


@dataclass(frozen=True)
class Notice:
    """The push message for one role. `%(mechanic)s` and `%(customer)s` in its words are names."""

    to: Role
    title: "StrPromise"
    body: "StrPromise"
    lasts: timedelta = SOON  # afterwards it is no news any more
    urgent: bool = True
    about: str = "session"  # a later notice about the same takes the place of an earlier one
    page: str = ""  # below the session's


_HERE = Notice(
    Role.CUSTOMER,
    gettext_lazy("%(mechanic)s is waiting for you"),
    gettext_lazy("Come back to your session. The clock has not started."),
)
NOTICES: dict[str, Notice] = {
    "session.accepted": Notice(
        Role.CUSTOMER,
        gettext_lazy("%(mechanic)s has accepted"),
        gettext_lazy("Open your session and join. The clock does not start before both of you have joined."),
    ),
    "mechanic.came": _HERE,
    "session.waiting": Notice(
        Role.CUSTOMER,
        gettext_lazy("You are both here"),
        gettext_lazy("%(mechanic)s is about to start the session."),
    ),
    "session.released": Notice(
        Role.CUSTOMER,
        gettext_lazy("Your mechanic could not continue"),
        gettext_lazy("Your request is at the front of the queue. Nothing has been charged."),
    ),
    "session.expired": Notice(
        Role.CUSTOMER,
        gettext_lazy("Your session did not take place"),
        gettext_lazy("Open the session to see why."),
        lasts=A_DAY,
        urgent=False,
    ),
    "summary.submitted": Notice(
        Role.CUSTOMER,
        gettext_lazy("Your summary is ready"),
        gettext_lazy("What %(mechanic)s found, and what to do next."),
        lasts=A_DAY,
        urgent=False,
        about="summary",
        page="summary/",
    ),
    "request.offer_stop": Notice(
        Role.CUSTOMER,
        gettext_lazy("Still looking for a mechanic"),
        gettext_lazy("You can keep waiting, or cancel for free."),
    ),
    "mechanic.lost_offer": Notice(
        Role.CUSTOMER,
        gettext_lazy("Your mechanic has lost the connection"),
        gettext_lazy("The clock is paused. You can keep waiting, or end the session."),
    ),
    "nudge.customer": _HERE,
    "mechanic.nudge": Notice(
        Role.MECHANIC,
        gettext_lazy("Your customer is waiting"),
        gettext_lazy("Join now, or the request goes to another mechanic."),
    ),
    "start.sound": Notice(
        Role.MECHANIC,
        gettext_lazy("You are both here"),
        gettext_lazy("Your customer is waiting for you to start the session."),
    ),
    "summary.reminder": Notice(
        Role.MECHANIC,
        gettext_lazy("A summary is due"),
        gettext_lazy("%(customer)s is waiting for the summary."),
        lasts=A_DAY,
        urgent=False,
        about="summary",
        page="summary/",
    ),
    "nudge.mechanic": Notice(
        Role.MECHANIC,
        gettext_lazy("Your session needs you"),
        gettext_lazy("Open the session to see what is happening."),
    ),
}
NOTICES["summary.second_reminder"] = NOTICES["summary.reminder"]
BACK_IN_THE_QUEUE = {"session.requested", "session.released"}


def push_new_events(state: SessionState, now: datetime) -> None:
    """Queue push messages for the open transaction's events. The last event about a subject replaces earlier ones."""
    found = {
        (notice.to, notice.about): notice for event in state.session.fresh_events if (notice := _notice(state, event))
    }
    for notice in found.values():
        _post(state.session, notice, now)
    is_offered = any(event.kind in BACK_IN_THE_QUEUE for event in state.session.fresh_events)
    if is_offered and reaches(request_queue.free_mechanics(state.session)):
        schedule("request.offer", str(state.session.id), now)


def push_request_offer(job: Job, now: datetime) -> None:
    """Notify every eligible mechanic of a request, unless a mechanic has already accepted it."""
    session = Session.objects.filter(pk=job.key, state=State.REQUESTED).first()
    if session is None:
        return
    earns = format_cents(settlement.mechanic_share_cents(settlement.agreed_cents(session)), session.currency)
    facts = {"plan": session.plan_name, "time": format_duration(session.granted_seconds), "earns": earns}
    note = PushNote(
        title=_("New request"),
        body=_("%(plan)s, %(time)s. You earn %(earns)s.") % facts,
        path=f"/sessions/{session.id}/",
        topic=f"{session.id}:request",
        until=min(filter(None, [session.unattended_at, now + REQUEST_IS_NEWS])),
        seen_at=("/dashboard/",),
    )
    queue_push(note, to=request_queue.free_mechanics(session).values_list("id", flat=True), now=now)


def _notice(state: SessionState, event: SessionEvent) -> Notice | None:
    """Return the notice of the event's rule, else of its kind. A person gets no notice of their own action."""
    kind = "mechanic.came" if _comes_first(state, event) else event.kind
    notice = NOTICES.get(event.rule or "") or NOTICES.get(kind)
    return notice if notice and event.actor_role != notice.to else None


def _comes_first(state: SessionState, event: SessionEvent) -> bool:
    joined = event.kind == "participant.joined" and event.actor_role == Role.MECHANIC
    return joined and state.session.state in BEFORE_START and not state.customer.is_in


def _post(session: Session, notice: Notice, now: datetime) -> None:
    person = session.mechanic if notice.to == Role.MECHANIC else session.customer
    if person is None:
        return
    names = {"mechanic": session.mechanic.name if session.mechanic else "", "customer": session.customer.name}
    note = PushNote(
        title=str(notice.title) % names,
        body=str(notice.body) % names,
        path=f"/sessions/{session.id}/{notice.page}",
        topic=f"{session.id}:{notice.about}",
        until=now + notice.lasts,
        urgent=notice.urgent,
    )
    queue_push(note, to=[person.id], now=now)
