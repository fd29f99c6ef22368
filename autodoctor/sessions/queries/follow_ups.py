"""The question a week after a session, whether the repair held: how long it can be answered, and who is asked now."""

from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.db.models import QuerySet
from django.urls import reverse

from autodoctor.accounts.models import User
from autodoctor.core.parsing import parse_uuid
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import State

OPEN_FOR = timedelta(days=30)  # from the question on
_LONGEST = timedelta(days=3)  # from a booking to the end of its session, with a margin
_SALT = "sessions.follow_up"


def asks_at(session: Session) -> datetime | None:
    """Return when the customer is asked; None without a summary."""
    is_over = session.state == State.COMPLETED and session.ended_at and session.summarized_at
    return session.ended_at + duration("follow_up") if is_over and session.ended_at else None


def is_open(session: Session, now: datetime) -> bool:
    asked_at = asks_at(session)
    return asked_at is not None and asked_at <= now < asked_at + OPEN_FOR


def asked_of(customer: User, now: datetime) -> QuerySet[Session]:
    """Return this customer's sessions whose question waits for an answer."""
    last = now - duration("follow_up")
    first = last - OPEN_FOR
    return Session.objects.filter(
        customer=customer,
        created_at__gt=first - _LONGEST,  # so that years of history are not read
        state=State.COMPLETED,
        ended_at__gt=first,
        ended_at__lte=last,
        summarized_at__isnull=False,
        follow_up="",
    )


def link_path(session_id: UUID | str) -> str:
    """Return the address that asks without a sign-in: who has it can answer this question, and nothing else."""
    token = signing.dumps(str(session_id), salt=_SALT)
    return f"{reverse('follow_up_by_link')}?{urlencode({'token': token})}"


def session_in(token: str) -> UUID | None:
    """Return the session that a mailed link is about; None if the link is not ours."""
    try:
        return parse_uuid(signing.loads(token, salt=_SALT))
    except signing.BadSignature:
        return None
