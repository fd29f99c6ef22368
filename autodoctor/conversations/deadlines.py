"""No state without a deadline: which jobs a conversation has in which state, and when they are due."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from django.conf import settings

from autodoctor.conversations.models import Conversation, State
from autodoctor.scheduler import queue
from autodoctor.scheduler.handlers import JobKind


class HelpJob(JobKind):
    UNCONFIRMED = "help.unconfirmed"  # the address was not confirmed: deleted
    UNTAKEN = "help.untaken"  # nobody took the question: all of support gets a mail
    OVERDUE = "help.overdue"  # the answer is late: again, each time this long
    IDLE = "help.idle"  # the asker did not write again: closed by itself
    EXPIRED = "help.expired"  # a visitor's conversation is deleted
    SWEEP = "help.sweep"


OF_A_CONVERSATION = (HelpJob.UNCONFIRMED, HelpJob.UNTAKEN, HelpJob.OVERDUE, HelpJob.IDLE, HelpJob.EXPIRED)


def expected(conversation: Conversation) -> Mapping[str, datetime]:
    """Return the jobs that this conversation should have now."""
    since = conversation.state_at
    state = State(conversation.state)
    match state:
        case State.UNCONFIRMED:
            return {HelpJob.UNCONFIRMED: since + wait("help_unconfirmed")}
        case State.OPEN:
            overdue: dict[str, datetime] = {HelpJob.OVERDUE: late_at(since, conversation.reminded_at)}
            is_free = conversation.taken_at is None and conversation.escalated_at is None
            return overdue | ({HelpJob.UNTAKEN: since + wait("alert_untaken")} if is_free else {})
        case State.ANSWERED:
            return {HelpJob.IDLE: since + wait("help_idle")}
        case State.CLOSED:
            return {HelpJob.EXPIRED: since + wait("help_expired")} if conversation.is_visitors else {}
        case _:
            assert_never(state)


def align(conversation: Conversation) -> None:
    """Schedule the expected jobs, and cancel the others, in the caller's transaction."""
    wanted = expected(conversation)
    key = str(conversation.id)
    queue.reschedule(key, cancelled=[kind for kind in OF_A_CONVERSATION if kind not in wanted], scheduled=wanted)


def is_due(conversation: Conversation, kind: str, now: datetime) -> bool:
    return any(job == kind and at <= now for job, at in expected(conversation).items())


def due_at(conversation: Conversation) -> datetime:
    """Return when the answer to an open question is late."""
    return late_at(conversation.state_at)


def late_at(asked_at: datetime, reminded_at: datetime | None = None) -> datetime:
    """Return when the answer to a question is late, in a session and outside of one; after a reminder late again.

    `asked_at`: of the first word that has no answer yet.
    """
    return (reminded_at or asked_at) + wait("help_overdue")


def wait(name: str) -> timedelta:
    return timedelta(seconds=settings.DEADLINES[name])
