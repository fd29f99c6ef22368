"""The customer's rating of the mechanic: from the moment of the end, changeable for a while, counted once a session."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.mail.rendering import one_line
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries.ratings import MOST_STARS, is_open
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind, State

LONGEST_LINE = 200  # characters


def rate_session(*, session_id: UUID, by: User, stars: int, line: str, now: datetime) -> Session:
    """One to five stars and perhaps a line; until it closes, the last one stands in for those before.

    Raises `Refused` for anybody but the customer of a completed session, after its time, and out of bounds.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("The customer rates the session."), 403)
        _check_open(session, now)
        line = _checked(stars, line)
        if (session.stars, session.rating_line) != (stars, line):
            session.stars, session.rating_line, session.rated_at = stars, line, now
            data = {"stars": stars, "line": line}
            event_log.append_event(session, EventKind.RATING_GIVEN, at=now, by=who, data=data)
        return session


def _check_open(session: Session, now: datetime) -> None:
    if session.state != State.COMPLETED:
        raise Refused("not_completed", _("You can rate a session once it is over."))
    if not is_open(session, now):
        raise Refused("rating_closed", _("A session can be rated for 14 days; this one is older."))


def _checked(stars: int, line: str) -> str:
    """The line as it is kept: one line, without what cannot be seen. Raises `Refused`."""
    shown = one_line(line)
    if not 1 <= stars <= MOST_STARS:
        raise Refused("stars", _("Choose one to five stars."), 422)
    if len(shown) > LONGEST_LINE:
        raise Refused("line", _("The line may have %d characters.") % LONGEST_LINE, 422)
    return shown
