"""Access to a summary: the session's participants and support. Everybody else gets the same 404."""

from uuid import UUID

from django.http import Http404

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import State
from autodoctor.summaries.models import Summary


def find(user: User, session_id: UUID) -> tuple[Session, str]:
    """Return the session, which is over, and this person's role. Raises Http404."""
    people = Session.objects.select_related("customer", "mechanic__mechanic_profile", "summary")
    session = people.filter(pk=session_id, state=State.COMPLETED).first()
    role = event_log.role_in(user, session) if session else None
    if session is None or role is None:
        raise Http404
    return session, role


def find_as_customer(user: User, session_id: UUID) -> Summary:
    """Return the submitted summary of this customer's session. Raises Http404, also for the mechanic and support."""
    session, role = find(user, session_id)
    if role != Role.CUSTOMER or session.summarized_at is None:
        raise Http404
    return session.summary


def writes(session: Session, role: str) -> bool:
    """Return whether this person writes the summary and has not submitted it yet."""
    return role == Role.MECHANIC and session.summarized_at is None
