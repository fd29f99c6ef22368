"""The next rows of a session's log, read for a page of it."""

from dataclasses import dataclass

from autodoctor.accounts.models import User
from autodoctor.core.acting import acting_as
from autodoctor.room.hub.notes import Row
from autodoctor.room.hub.sockets import as_row
from autodoctor.sessions.event_data import SessionPayload
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log

PAGE = 200  # rows read at once


@dataclass(frozen=True, slots=True)
class Page:
    """The next rows of a log, and how far they reach."""

    session: SessionPayload
    as_of: int  # the log's end when the session was so
    rows: list[Row]
    seq: int


def read_page(session_id: str, user_id: str, role: str, after: int) -> Page | None:
    """Return the next rows; None if the person has no (or no longer a) part in the session."""
    with acting_as(user_id):
        user = User.objects.filter(pk=user_id, is_active=True).first()
        session = Session.objects.select_related("customer", "mechanic").filter(pk=session_id).first()
        if user is None or session is None or event_log.role_in(user, session) != role:
            return None
        rows = [as_row(event) for event in event_log.read_events(session.id, after=after, viewer=role, limit=PAGE)]
    reached = rows[-1].seq if rows else after
    return Page(session.payload(), session.seq, rows, reached if len(rows) == PAGE else max(session.seq, reached))
