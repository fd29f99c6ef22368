"""Chats that are over: which trouble codes were named in them, so that support finds and counts their sessions."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle.transaction import change_together
from autodoctor.sessions.models import CHAT_UNREAD, Session
from autodoctor.sessions.record import chat_codes
from autodoctor.sessions.record.participants import SessionState

MOST = 5_000  # sessions in one run; the others wait for the next
AT_ONCE = 50  # in one transaction


def read(job: Job, now: datetime) -> None:
    """Remember the codes of each chat that is over. A session that somebody changes just now waits for the next run."""
    ids = list(unread().values_list("id", flat=True)[:MOST])
    for first in range(0, len(ids), AT_ONCE):
        _read(ids[first : first + AT_ONCE], now)


def unread() -> QuerySet[Session]:
    """Return the sessions that are over and whose chats are not read, the first to end first."""
    return Session.objects.filter(CHAT_UNREAD).order_by("ended_at")


def _read(session_ids: list[UUID], now: datetime) -> None:
    """Nothing is said in a session that is over: its chat is read before the session is locked."""
    said = chat_codes.codes_said(session_ids)

    def remember(state: SessionState) -> None:
        state.session.trouble_codes_said = said[state.session.id]

    change_together(session_ids, remember, now)
