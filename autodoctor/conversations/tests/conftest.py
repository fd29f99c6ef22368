"""Conversations at a time that only moves when a test says so."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.conversations.models import Conversation

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Wait = Callable[[timedelta], datetime]


@pytest.fixture
def asked(customer: "User") -> "Conversation":
    """An open question of the customer."""
    from autodoctor.conversations import asking

    return asking.ask(asking.Question(topic="account", text="I cannot sign in"), by=customer, now=NOON)


@pytest.fixture
def of_visitor(db: None) -> "Conversation":
    """A visitor's question whose address is not confirmed yet."""
    from autodoctor.conversations import asking

    question = asking.Question(topic="booking", text="Do you know old cars?")
    return asking.ask_as_visitor(question, name="Vera Visitor", email="Vera@Example.com", now=NOON)


@pytest.fixture
def wait() -> Wait:
    """Let time pass from noon: every deadline on the way fires at its own moment. Mails stay in the queue."""
    from autodoctor.conversations.deadlines import OF_A_CONVERSATION
    from autodoctor.scheduler.lanes import Lane
    from autodoctor.scheduler.loop import run_due
    from autodoctor.scheduler.models import Job

    def run(span: timedelta) -> datetime:
        end = NOON + span
        while job := Job.objects.filter(kind__in=OF_A_CONVERSATION, due_at__lte=end).order_by("due_at").first():
            run_due(job.due_at, lanes=[Lane.DEADLINES, Lane.INSIDE])
        return end

    return run
