"""Questions without a session on the board, beside the sessions."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from autodoctor.conversations import deadlines
from autodoctor.conversations.models import Conversation, State
from autodoctor.support.levels import Level


@dataclass(frozen=True)
class QuestionLine:
    """An open question; its answer is `overdue` from `due_at` on."""

    conversation: Conversation
    due_at: datetime
    overdue: bool

    @property
    def level(self) -> Level:
        """Return the urgency: like an alert of a session, and an overdue one whoever has it."""
        return Level.HANDLED if self.conversation.taken_by_id and not self.overdue else Level.ALARM

    @property
    def since(self) -> datetime:
        return self.conversation.state_at


def line_of(conversation: Conversation, now: datetime) -> QuestionLine:
    due_at = deadlines.due_at(conversation)
    return QuestionLine(conversation, due_at, overdue=due_at <= now)


def open_questions(now: datetime) -> list[QuestionLine]:
    """Return the questions that wait for support."""
    found = Conversation.objects.filter(state=State.OPEN).select_related("taken_by", "person").order_by("state_at")
    return [line_of(conversation, now) for conversation in found]


def answered_questions(most: int) -> list[Conversation]:
    """Return the questions that wait for the asker, the latest answer first."""
    return list(_answered().select_related("person").order_by("-state_at")[:most])


def count_answered() -> int:
    return _answered().count()


def _answered() -> "QuerySet[Conversation]":
    return Conversation.objects.filter(state=State.ANSWERED)
