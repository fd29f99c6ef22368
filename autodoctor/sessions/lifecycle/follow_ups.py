"""The customer's answer, a week after the session, to whether the repair held. The last one counts."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core import acting
from autodoctor.core.errors import Refused
from autodoctor.sessions.event_data import FollowUpData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import follow_ups
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind, FollowUp

MOST_ANSWERS = 20  # of a session


def answer_follow_up(*, session_id: UUID, by: User, answer: FollowUp, now: datetime, by_link: bool = False) -> Session:
    """Store the answer; the same one again changes nothing.

    Raises `Session.DoesNotExist` for a stranger, `Refused` for everybody else but the customer, before the question,
    after its time, and for too many answers.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can answer this."), 403)
        if not follow_ups.is_open(session, now):
            raise Refused("follow_up_closed", _("This question can no longer be answered."))
        if session.follow_up != answer:
            _check_number(session)
            session.follow_up, session.follow_up_at = answer, now
            event_log.append_event(
                session,
                EventKind.FOLLOW_UP_ANSWERED,
                at=now,
                by=who,
                audience=event_log.Audience.CUSTOMER,
                data=FollowUpData(answer=answer.value, by_link=by_link),
            )
        return session


def _check_number(session: Session) -> None:
    if session.events.filter(kind=EventKind.FOLLOW_UP_ANSWERED).count() >= MOST_ANSWERS:
        raise Refused("too_many", _("You changed this answer many times. The last one counts."))


@acting.system
def answer_by_link(*, session: Session, answer: FollowUp, now: datetime) -> Session:
    """Store the answer of who holds the mailed link, as the customer's. `session` as `session_by_link` returned it."""
    return answer_follow_up(session_id=session.id, by=session.customer, answer=answer, now=now, by_link=True)


@acting.system
def session_by_link(token: str) -> Session | None:
    """Return the session of a mailed link; None if the link is not ours, or its person was shut out."""
    session_id, people = follow_ups.session_in(token), Session.objects.select_related("customer", "mechanic")
    return people.filter(pk=session_id, customer__is_active=True).first() if session_id else None
