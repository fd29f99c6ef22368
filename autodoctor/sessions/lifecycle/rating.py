"""The customer's rating of the mechanic: possible from the end on, editable for a while, counted once per session."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.mail.rendering import one_line
from autodoctor.sessions.event_data import RatingData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, stamp
from autodoctor.sessions.queries.ratings import MOST_STARS, is_open
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind, State

LONGEST_LINE = 200  # characters
MOST_GIVEN = 50  # of a session


def rate_session(
    *, session_id: UUID, by: User, stars: int, line: str, now: datetime, seen: str | None = None
) -> Session:
    """Store one to five stars and an optional comment. A later rating replaces an earlier rating.

    `seen`: the rating that the page showed, as `version` gives it. Raises `Refused` for a person other than the
    customer of a completed session, after the deadline, for values out of bounds, if another window rated since, and
    for too many ratings.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can rate the session."), 403)
        _check_open(session, now)
        line = _checked(stars, line)
        if (session.stars, session.rating_line) != (stars, line):
            if seen is not None and seen != version(session):
                raise Refused("meanwhile", _("Meanwhile you changed this rating in another window. Look at it again."))
            _check_number(session)
            session.stars, session.rating_line, session.rated_at = stars, line, now
            data = RatingData(stars=stars, line=line)
            event_log.append_event(session, EventKind.RATING_GIVEN, at=now, by=who, data=data)
        return session


def version(session: Session) -> str:
    """Return what names the present rating; empty before the first."""
    return stamp(session.rated_at) or ""


def _check_open(session: Session, now: datetime) -> None:
    if session.state != State.COMPLETED:
        raise Refused("not_completed", _("You can rate a session once it is over."))
    if not is_open(session, now):
        raise Refused("rating_closed", _("You can rate a session for 14 days. This session is older."))


def _check_number(session: Session) -> None:
    if session.events.filter(kind=EventKind.RATING_GIVEN).count() >= MOST_GIVEN:
        raise Refused("too_many", _("You changed this rating many times. The last one counts."))


def _checked(stars: int, line: str) -> str:
    """Return the comment as it is stored: one line, without invisible characters. Raises `Refused`."""
    shown = one_line(line)
    if not 1 <= stars <= MOST_STARS:
        raise Refused("stars", _("Choose one to five stars."), 422)
    if len(shown) > LONGEST_LINE:
        raise Refused("line", _("The comment can have up to %d characters.") % LONGEST_LINE, 422)
    return shown
