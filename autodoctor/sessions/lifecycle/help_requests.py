""" "Get help": one thread with support per participant, stored in the event log, before, during and after the session.

Only the person who asked and support can read a thread; the other participant never learns of it. A thread does not use
`message.posted`, because both participants read that kind in chat and transcript.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from autodoctor.accounts.models import Role, User
from autodoctor.conversations import messages, thread_files
from autodoctor.conversations.thread_files import NOTHING, Enclosed
from autodoctor.conversations.topics import Reason
from autodoctor.core import links
from autodoctor.core.errors import Refused
from autodoctor.core.raw_sql import rows
from autodoctor.sessions.event_data import HelpAlertData, HelpAnswerData, HelpQuestionData
from autodoctor.sessions.lifecycle import help_files
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.notify import mail
from autodoctor.sessions.record import alerts, event_log
from autodoctor.sessions.states import TERMINAL, EventKind

OPEN_FOR = timedelta(days=30)  # after the end of a session
PARTIES = (Role.CUSTOMER, Role.MECHANIC)
WORDS = (EventKind.HELP_ASKED, EventKind.HELP_ANSWERED)


@dataclass(frozen=True)
class Thread:
    """The messages between one participant and support. `token` is a new id for the form that adds one."""

    role: str
    person: User
    words: list[SessionEvent]
    token: UUID = field(default_factory=uuid4)

    @property
    def awaits_answer(self) -> bool:
        return bool(self.words) and self.words[-1].kind == EventKind.HELP_ASKED

    @property
    def reason(self) -> str:
        """What the thread is about, as its first question says; empty without one."""
        asked = (one.data_as(HelpQuestionData) for one in self.words if one.kind == EventKind.HELP_ASKED)
        return next((question["reason"] for question in asked), "")

    @property
    def seq(self) -> int:
        """The number of the last message; 0 without one."""
        return self.words[-1].seq if self.words else 0


def ask_support(
    *,
    session_id: UUID,
    by: User,
    reason: str,
    text: str,
    now: datetime,
    client_id: UUID | None = None,
    enclosed: Enclosed = NOTHING,
) -> SessionEvent:
    """Ask support for help. An open question raises no second alert until support has answered.

    Repeating a `client_id` returns the same question, and saves no file. Raises `Session.DoesNotExist` for a stranger,
    and `Refused` for support itself, too long after the end, too many questions, and an invalid reason or text.
    """
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role not in PARTIES:
            raise Refused("not_a_party", _("Only the customer and the mechanic can ask support here."), 403)
        if client_id and (before := session.events.filter(client_id=client_id).first()):
            return _same(before, EventKind.HELP_ASKED, who)
        text = thread_files.checked(text, enclosed)
        if reason not in Reason.values:
            raise Refused("reason", _("Choose a topic."), 422, field="reason")
        check_may_ask(session, by, now)
        thread = thread_of(session, by)
        thread_files.save(enclosed, owner_id=help_files.owner_id(session_id, by.id), uploader=by)
        asked = event_log.append_event(
            session,
            EventKind.HELP_ASKED,
            at=now,
            by=who,
            audience=event_log.Audience(who.role),
            client_id=client_id,
            data=_question(reason, text, enclosed),
        )
        if not thread.awaits_answer:
            data = HelpAlertData(reason=reason, role=who.role, seq=asked.seq)
            mail.alert_support(state, "help.asked", at=now, data=data)
        return asked


def check_may_ask(session: Session, by: User, now: datetime) -> None:
    """Raise `Refused` if `ask_support` would, whatever the words. Costs nothing before what is long."""
    _check_open(session, now)
    _check_pace(session, event_log.actor(by, session), now)


def _question(reason: str, text: str, enclosed: Enclosed) -> HelpQuestionData:
    question, came = HelpQuestionData(reason=reason, text=text), enclosed.facts()
    if "files" in came:
        question["files"] = came["files"]
    if "refused" in came:
        question["refused"] = came["refused"]
    return question


@dataclass(frozen=True, kw_only=True)
class Answer(messages.Answer):
    """Support's answer to one participant: `to` is their role."""

    to: str


def answer_help_request(*, session_id: UUID, by: User, answer: Answer, now: datetime) -> SessionEvent:
    """Send support's answer to one participant. If no page of theirs is open, a mail tells them.

    Raises `Session.DoesNotExist` for a person outside support, `Refused` without an open question, with invalid text,
    and if somebody wrote since the page was shown.
    """
    to = answer.to
    with session_transaction(session_id, now) as state:
        session, who = state.session, event_log.actor(by, state.session)
        if who.role != Role.SUPPORT:
            raise Session.DoesNotExist
        person = session.mechanic if to == Role.MECHANIC else session.customer
        if to not in PARTIES or person is None or not thread_of(session, person).words:
            raise Refused("not_asked", _("There is no open question."))
        if answer.token and (before := session.events.filter(client_id=answer.token).first()):
            return _same(before, EventKind.HELP_ANSWERED, who)
        facts = HelpAnswerData(text=messages.checked(answer.text), concerns=[str(person.id)])
        _check_seen(thread_of(session, person), answer.seen)
        said = event_log.append_event(
            session,
            EventKind.HELP_ANSWERED,
            at=now,
            by=who,
            audience=event_log.Audience(to),
            client_id=answer.token,
            data=facts,
        )
        alerts.note_answer(session_id, to, now)
        if not state.seat(to).page_open:
            mail.send_session_mail(person, state, "help_answered", now=now)
        return said


def thread_of(session: Session, person: User) -> Thread:
    """Return the questions of this participant and support's answers."""
    role = Role.MECHANIC if person.id == session.mechanic_id else Role.CUSTOMER
    condition = "session_id = %s AND audience = %s AND kind IN (%s) ORDER BY seq"
    return Thread(role, person, rows(SessionEvent, condition, session.id, role, [*WORDS]))


def threads(session: Session) -> list[Thread]:
    """Return the threads with messages, for support. The thread of a mechanic who gave the session back is left out."""
    said, people = list(_words(session)), {Role.CUSTOMER.value: session.customer, Role.MECHANIC.value: session.mechanic}
    found = [
        Thread(role, person, [one for one in said if one.audience == role]) for role, person in people.items() if person
    ]
    return [thread for thread in found if thread.words]


def is_open(session: Session, now: datetime) -> bool:
    over = session.state in TERMINAL and session.ended_at is not None
    return not over or session.ended_at is None or now < session.ended_at + OPEN_FOR


def as_frames(thread: Thread) -> list[dict[str, Any]]:
    return [event_log.as_frame(event) for event in thread.words]


def _words(session: Session) -> "QuerySet[SessionEvent]":
    return session.events.filter(kind__in=WORDS).order_by("seq")


def _check_seen(thread: Thread, seen: int | None) -> None:
    if seen is not None and thread.seq > seen:
        raise messages.meanwhile(thread.words[-1].actor_name)


def _same(before: SessionEvent, kind: EventKind, who: event_log.Actor) -> SessionEvent:
    if before.kind != kind or before.actor_id != who.id:
        raise messages.reused_id()
    return before


def _check_open(session: Session, now: datetime) -> None:
    if not is_open(session, now):
        sentence = _("This session ended too long ago to ask here. Ask on the help page of the site.")
        raise Refused("help_closed", sentence, link=links.help_page())


def _check_pace(session: Session, who: event_log.Actor, now: datetime) -> None:
    mine = _words(session).filter(kind=EventKind.HELP_ASKED, actor_id=who.id)
    messages.check_number(mine.count())
