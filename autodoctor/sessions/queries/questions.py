"""The customer's free question after a session: whether it may be asked, where it stands, and what was said."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from autodoctor.accounts.models import User
from autodoctor.sessions.event_data import QuestionData
from autodoctor.sessions.models import QUESTION_OPEN, Session, SessionEvent
from autodoctor.sessions.record.event_log import Audience
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import EventKind, State

ASK_WITHIN = timedelta(hours=72)  # after the summary
KINDS = (EventKind.QUESTION_ASKED, EventKind.QUESTION_ANSWERED, EventKind.QUESTION_CLOSED)


@dataclass(frozen=True)
class QuestionThread:
    """A session's question. What was said is read from the log when it is asked for."""

    session: Session

    @property
    def ask_until(self) -> datetime | None:
        """Return until when the question can be asked; None without a summary."""
        written_at = self.session.summarized_at if self.session.state == State.COMPLETED else None
        return written_at and written_at + ASK_WITHIN

    def may_be_asked(self, now: datetime) -> bool:
        until, mechanic = self.ask_until, self.session.mechanic
        is_open = until is not None and now < until and self.session.question_at is None
        return is_open and mechanic is not None and mechanic.is_active

    @property
    def is_asked(self) -> bool:
        return self.session.question_at is not None

    @property
    def waits(self) -> bool:
        """Return whether the mechanic can still answer."""
        return self.is_asked and self.session.question_over_at is None

    @property
    def closes_at(self) -> datetime | None:
        """Return when an unanswered question is closed."""
        return self.session.question_at and self.session.question_at + duration("question_closes")

    @property
    def question(self) -> str:
        return self._said.get(EventKind.QUESTION_ASKED, "")

    @property
    def answer(self) -> str:
        """Return the mechanic's answer; empty while there is none."""
        return self._said.get(EventKind.QUESTION_ANSWERED, "")

    @cached_property
    def _said(self) -> dict[str, str]:
        said = SessionEvent.objects.filter(session_id=self.session.id, kind__in=KINDS[:2], audience=Audience.BOTH)
        return {event.kind: event.data_as(QuestionData)["text"] for event in said}


def open_questions_of(mechanic: User) -> list[QuestionThread]:
    """Return the questions that wait for this mechanic's answer, the most urgent first."""
    waiting = Session.objects.filter(QUESTION_OPEN, mechanic=mechanic)
    return [QuestionThread(session) for session in waiting.select_related("customer").order_by("question_at")]
