"""What the templates of "Get help" show: the thread and its form."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from autodoctor.accounts.models import User
from autodoctor.conversations.messages import LONGEST
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.models import Session


def help_context(session: Session, viewer: User, now: datetime) -> dict[str, Any]:
    """Return the context of the thread and its form."""
    thread = help_requests.thread_of(session, viewer)
    return {
        "session": session,
        "thread": thread,
        "is_open": help_requests.is_open(session, now),
        "reason": thread.reason,
        "longest": LONGEST,
        "client_id": uuid4(),
    }
