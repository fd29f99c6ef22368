"""Helpers for tests of the page: messages, lost connections, and buttons."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.test import Client

from autodoctor.sessions.event_data import MessageData
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.lifecycle.transaction import session_transaction
from autodoctor.sessions.models import Connection, Participant
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import EventKind

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

ClientOf = Callable[["User"], Client]
Reads = Callable[..., str]
JSON = {"Accept": "application/json"}


def buttons(client: Client, story: "Story") -> list[str]:
    """Return the targets of the page's buttons."""
    page = client.get(f"/sessions/{story.id}/").content.decode()
    return re.findall(rf'formaction="/sessions/{story.id}/(\w+)/"', page)


def say(story: "Story", user: "User", text: str, *, at: datetime | None = None, audience: str = "both") -> None:
    with session_transaction(story.id, story.now) as state:
        who = event_log.actor(user, state.session)
        event_log.append_event(
            state.session,
            EventKind.MESSAGE_POSTED,
            at=at or story.now,
            by=who,
            data=MessageData(text=text),
            client_id=uuid4(),
            audience=event_log.Audience(audience),
        )


def lose(story: "Story", user: "User", role: str, *, since: timedelta) -> None:
    """Lose a participant's connection, and notice it shortly after."""
    left = story.now - since
    Connection.objects.filter(session_id=story.id, user=user).delete()
    Participant.objects.filter(session_id=story.id, user=user).update(last_seen_at=left)
    with session_transaction(story.id, left) as state:
        transitions.record_missing(state, role, left, left)
