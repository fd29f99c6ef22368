"""One free question to the mechanic after the session, and one answer: both stand in the session's log.

It is asked within `ASK_WITHIN` of the summary, and answered, or closed by its deadline (`rules/table.py`).
"""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.core import links
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import visible_text
from autodoctor.sessions.event_data import EventData, QuestionData
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.notify import mail
from autodoctor.sessions.queries.questions import QuestionThread
from autodoctor.sessions.record import event_log
from autodoctor.sessions.record.participants import SessionState
from autodoctor.sessions.states import EventKind

LONGEST = 2000  # characters


def ask_question(*, session_id: UUID, by: User, text: str, client_id: UUID, now: datetime) -> SessionEvent:
    """Ask the mechanic. Repeating a `client_id` returns the same question.

    Raises `Session.DoesNotExist` for a stranger, `Refused` for everybody but the customer, before the summary, too long
    after it, a second time, if the mechanic has left, and for an invalid text.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.CUSTOMER:
            raise Refused("not_the_customer", _("Only the customer can ask this question."), 403)
        text = _checked(text)
        if before := _repeated(session, client_id, EventKind.QUESTION_ASKED, who, text):
            return before
        _check_may_ask(session, now)
        session.question_at = now
        if session.mechanic:
            mail.send_session_mail(session.mechanic, state, "question_asked", now=now)
        return _say(session, EventKind.QUESTION_ASKED, who, text, client_id, now)


def answer_question(*, session_id: UUID, by: User, text: str, client_id: UUID, now: datetime) -> SessionEvent:
    """Answer the customer, which closes the question. Repeating a `client_id` returns the same answer.

    Raises `Session.DoesNotExist` for a stranger, `Refused` for everybody but the mechanic, without an open question,
    and for an invalid text.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.MECHANIC:
            raise Refused("not_the_mechanic", _("Only the mechanic can answer this question."), 403)
        text = _checked(text)
        if before := _repeated(session, client_id, EventKind.QUESTION_ANSWERED, who, text):
            return before
        if not QuestionThread(session).waits:
            raise Refused("no_question", _("There is no open question. It was answered or closed meanwhile."))
        session.question_over_at = now
        mail.send_session_mail(session.customer, state, "question_answered", now=now)
        return _say(session, EventKind.QUESTION_ANSWERED, who, text, client_id, now)


def close_unanswered(state: SessionState, *, at: datetime) -> None:
    """The mechanic did not answer in time: tell both, and have support look."""
    state.session.question_over_at = at
    event_log.append_event(state.session, EventKind.QUESTION_CLOSED, at=at)
    mail.send_session_mail(state.session.customer, state, "question_closed", now=at)
    mail.alert_support(state, "question.unanswered", at=at, data=EventData())


def _say(
    session: Session, kind: EventKind, who: event_log.Actor, text: str, client_id: UUID, now: datetime
) -> SessionEvent:
    return event_log.append_event(session, kind, at=now, by=who, client_id=client_id, data=QuestionData(text=text))


def _repeated(
    session: Session, client_id: UUID, kind: EventKind, who: event_log.Actor, text: str
) -> SessionEvent | None:
    """Return what was said under this id before. Raises `Refused` if that was something else."""
    before = session.events.filter(client_id=client_id).first()
    if before and (before.kind, before.actor_id, before.data.get("text")) != (kind, who.id, text):
        raise Refused("client_id_reused", _("This id was already used for another message."))
    return before


def _check_may_ask(session: Session, now: datetime) -> None:
    thread = QuestionThread(session)
    if thread.is_asked:
        raise Refused("already_asked", _("You have already asked your free question about this session."))
    if thread.ask_until is None:
        raise Refused("not_summarized", _("You can ask once the summary of the session is there."))
    if now >= thread.ask_until:
        raise Refused("question_late", _("The free question could be asked within 72 hours of the summary."))
    if not thread.may_be_asked(now):
        sentence = _("This mechanic is no longer with us. Our support team can help you.")
        raise Refused("mechanic_gone", sentence, link=links.help_page())


def _checked(text: str) -> str:
    """Return the text, cleaned for the database. Raises `Refused`."""
    kept = visible_text(text)
    if not kept:
        raise Refused("text", _("Write a few words."), 422)
    if len(kept) > LONGEST:
        raise Refused("text", _("This can have up to %d characters.") % LONGEST, 422)
    return kept
