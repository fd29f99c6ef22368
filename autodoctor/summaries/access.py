"""Who finds a summary: whom its session concerns. Everybody else gets the same 404."""

from uuid import UUID

from django.http import Http404

from autodoctor.accounts.models import Role, User
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import State


def find(user: User, session_id: UUID) -> tuple[Session, str]:
    """The session, over by now, and what this person is in it. Raises Http404."""
    people = Session.objects.select_related("customer", "mechanic__mechanic_profile", "summary")
    session = people.filter(pk=session_id, state=State.COMPLETED).first()
    role = event_log.role_in(user, session) if session else None
    if session is None or role is None:
        raise Http404
    return session, role


def writes(session: Session, role: str) -> bool:
    """The summary is theirs to write, and not submitted."""
    return role == Role.MECHANIC and session.summarised_at is None
