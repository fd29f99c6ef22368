"""The summary of a session: submitted once, then corrected by additions."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core.errors import Refused
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.lifecycle import closing
from autodoctor.sessions.lifecycle.transaction import lock_session, session_transaction
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind, State

SUMMARY = ("summary", 0)  # the rule and occasion that end the reminders, and that only one event can have


def submit_summary(*, session_id: UUID, by: User, now: datetime, data: SummaryData) -> Session:
    """Record that the mechanic submitted the summary. `data` describes it for the log. The first submission counts."""
    with session_transaction(session_id, now) as state:
        who = _writer(state.session, by)
        _check_unwritten(state.session)
        rule, occasion = SUMMARY
        event_log.append_event(
            state.session, EventKind.SUMMARY_SUBMITTED, at=now, by=who, rule=rule, occasion=occasion, data=data
        )
        state.fired[SUMMARY] = now
        state.session.summarized_at = now
        closing.notify_earning(state.session, now)
        return state.session


def add_correction(*, session_id: UUID, by: User, now: datetime) -> Session:
    """Add a dated correction. The submitted text stays."""
    with session_transaction(session_id, now) as state:
        who = _writer(state.session, by)
        if state.session.summarized_at is None:
            raise Refused("not_submitted", _("There is no summary to correct yet."))
        event_log.append_event(state.session, EventKind.SUMMARY_CORRECTED, at=now, by=who)
        return state.session


def check_writing(*, session_id: UUID, by: User) -> None:
    """Raise unless this person may write the summary now. The answer holds for the rest of the caller's transaction."""
    session = lock_session(session_id)
    _writer(session, by)
    _check_unwritten(session)


def _check_unwritten(session: Session) -> None:
    if session.summarized_at:
        raise Refused("already_submitted", _("This summary was already submitted. The first version counts."))


def _writer(session: Session, by: User) -> event_log.Actor:
    who = event_log.actor(by, session)
    if who.role != Role.MECHANIC:
        raise Refused("not_the_mechanic", _("Only the mechanic can write the summary."), 403)
    if session.state != State.COMPLETED:
        raise Refused("not_completed", _("You can write the summary when the session is over."))
    return who
