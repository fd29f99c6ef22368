"""Eligibility: which mechanics may be offered, and may accept, a request. All places that ask use this module."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core import acting, links
from autodoctor.core.errors import Refused
from autodoctor.sessions.left_words import why_left
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.queries import pending_summaries, request_queue
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import CLAIMED, TERMINAL, State, check


class Obstacle(StrEnum):
    """A reason against a mechanic for a request; the most important first."""

    NOT_A_MECHANIC = "not_a_mechanic"  # never approved, shut out, or support
    OWN_REQUEST = "own_request"
    ASKED_OF_ANOTHER = "asked_of_another"  # the customer asked for another mechanic, and nobody else may know of it
    RELEASED_BEFORE = "released_before"
    SUMMARY_OVERDUE = "summary_overdue"
    IN_SESSION = "in_session"
    NOT_TAKING = "not_taking"  # switched off by hand, or after missed requests


def eligible_mechanics(session: Session, now: datetime, *, free_since: datetime | None = None) -> QuerySet[User]:
    """Whom this request may be offered to now; with `free_since`, those whom it might have been ever since then."""
    conditions = _of_person(now, free_since) | _of_request(session)
    return User.objects.filter(*conditions.values())


def free_mechanics(now: datetime) -> QuerySet[User]:
    """Who takes sessions and can accept a request now."""
    return User.objects.filter(*_of_person(now).values())


@acting.system
def obstacles(mechanic: User, now: datetime, *, session: Session | None = None) -> list[Obstacle]:
    """Return the reasons against this person for this request, or without a request for any."""
    conditions = _of_person(now) | (_of_request(session) if session else {})
    held = [ExpressionWrapper(condition, output_field=BooleanField()) for condition in conditions.values()]
    holds = dict(zip(conditions, User.objects.values_list(*held).get(pk=mechanic.pk), strict=True))
    return [obstacle for obstacle in Obstacle if not holds.get(obstacle, True)]


def why_not_eligible(session: Session, mechanic: User, now: datetime) -> Obstacle | None:
    """The first reason for which this request may not go to this mechanic."""
    return next(iter(obstacles(mechanic, now, session=session)), None)


def requests_open_to(mechanic: User) -> QuerySet[Session]:
    """This mechanic's queue without their own requests and those that they were released from: `_of_request`
    reversed.
    """
    released = mechanic.participations.filter(released_at__isnull=False).values("session_id")
    return request_queue.queue_of(mechanic).exclude(customer=mechanic).exclude(id__in=released)


def _of_person(now: datetime, free_since: datetime | None = None) -> dict[Obstacle, Q]:
    """Return the conditions on a mechanic for any request."""
    owed = pending_summaries.blocking_summaries(now, free_since)
    return {
        Obstacle.NOT_A_MECHANIC: User.MECHANICS,
        Obstacle.SUMMARY_OVERDUE: _none(owed, "mechanic"),
        Obstacle.IN_SESSION: _in_no_session(free_since),
        Obstacle.NOT_TAKING: _taking(free_since),
    }


def _in_no_session(since: datetime | None) -> Q:
    free = _none(Session.objects.filter(state__in=CLAIMED), "mechanic")
    if since is None:
        return free
    parts = Participant.objects.filter(role=Role.MECHANIC)
    # Apart: no index answers a condition on two tables.
    ended, released = parts.filter(session__ended_at__gt=since), parts.filter(released_at__gt=since)
    return free & _none(ended, "user") & _none(released, "user")


def _none(rows: QuerySet[Any], person: str) -> Q:
    """Return the condition that none of these rows is the person's."""
    return Q(~Exists(rows.filter(**{person: OuterRef("pk")})))


def _taking(since: datetime | None) -> Q:
    taking = Q(mechanic_profile__taking_sessions=True)
    if since is None:
        return taking
    return taking & (Q(mechanic_profile__taking_since=None) | Q(mechanic_profile__taking_since__lte=since))


def _of_request(session: Session) -> dict[Obstacle, Q]:
    """Return the conditions on a mechanic for this request."""
    released = Participant.objects.filter(session=session, released_at__isnull=False)
    conditions = {Obstacle.OWN_REQUEST: ~Q(id=session.customer_id), Obstacle.RELEASED_BEFORE: _none(released, "user")}
    if session.is_private:  # who was asked for may take it without taking requests of others
        asked = Q(id=session.asked_for_id)
        conditions |= {Obstacle.ASKED_OF_ANOTHER: asked, Obstacle.NOT_TAKING: asked}
    return conditions


def check_claim(session: Session, mechanic: User, now: datetime) -> None:
    """Raise unless this mechanic may accept this request now; the database decides between two requests at once."""
    why = why_not_eligible(session, mechanic, now)
    if why in {Obstacle.NOT_A_MECHANIC, Obstacle.OWN_REQUEST}:
        event_log.actor(mechanic, session)  # a stranger finds nothing here
        raise Refused(
            "not_a_mechanic", _("Only an approved mechanic who is not the customer can accept this request."), 403
        )
    if session.is_hidden_from(mechanic):
        raise Session.DoesNotExist
    if session.state in CLAIMED:
        raise Refused("already_taken", _("Another mechanic has just taken this request."))
    if session.state == State.DRAFT or (session.state in TERMINAL and session.mechanic_id != mechanic.id):
        raise Session.DoesNotExist
    check(session.state, State.RECONNECTING if session.state == State.HANDING_OVER else State.ACCEPTED)
    if why:
        raise _refusal(why, session, mechanic, now)


def _refusal(why: Obstacle, session: Session, mechanic: User, now: datetime) -> Refused:
    """Return the refusal in words for the mechanic."""
    if why is Obstacle.RELEASED_BEFORE and session.state == State.HANDING_OVER:
        return Refused("released_before", _("You had this session before. It goes to another mechanic."))
    if why is Obstacle.RELEASED_BEFORE:
        return Refused("released_before", f"{_why_left(session, mechanic)} {_('It goes to another mechanic.')}".strip())
    if why is Obstacle.SUMMARY_OVERDUE and (owed := pending_summaries.blocking_session(mechanic, now)):
        sentence = _(
            "%(name)s is still waiting for your summary. Write the summary first, then accept the next request."
        )
        link = links.summary_page(owed.id)
        return Refused("summary_overdue", sentence % {"name": owed.customer.name}, link=link)
    if why is Obstacle.NOT_TAKING:
        sentence = _("You are not taking sessions. Switch “Taking sessions” on, then accept the request.")
        return Refused("not_taking", sentence, link=links.dashboard())
    return already_in_session()


def _why_left(session: Session, mechanic: User) -> str:
    part = session.participants.filter(user=mechanic, released_at__isnull=False).first()
    return why_left(part) if part else ""


def already_in_session() -> Refused:
    """The refusal of a second request; a database constraint enforces it, too."""
    return Refused("already_in_session", _("You already have an open session. Finish or release it first."))
