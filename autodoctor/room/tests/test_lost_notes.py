"""What the heartbeat finds when no note told of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.conversations import asking
from autodoctor.conversations.models import Conversation
from autodoctor.conversations.record import conversation_transaction
from autodoctor.room.hub.event_bus import EventBus
from autodoctor.room.hub.notes import Heartbeat
from autodoctor.room.hub.sockets import read_positions
from autodoctor.room.socket import list_feed
from autodoctor.room.socket.list_feed import Changed, Feed, FeedConnection, read_changes
from autodoctor.room.wire import executor
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db


@dataclass(eq=False)
class Line:
    """An open list."""

    user_id: str
    role: str
    said: list[str] = field(default_factory=list)

    def say(self, what: str) -> None:
        self.said.append(what)


def test_the_newestread_changes_are_found_by_when_they_were_written(customer: User, mechanic: User) -> None:
    before = timezone.now() - timedelta(seconds=1)
    story = Story(customer, mechanic).pay()
    (change,) = read_changes(before)
    assert (change.id, change.number, change.who) == (story.id, story.session.seq, str(customer.id))
    assert change.is_session
    assert read_changes(timezone.now()) == []


def test_a_question_counts_itsread_changes(customer: User) -> None:
    conversation = Conversation.objects.create(
        asker="customer",
        person=customer,
        topic="other",
        client_id=uuid4(),
        state="open",
        state_at=timezone.now(),
        created_at=timezone.now(),
    )
    with conversation_transaction(conversation.pk):
        pass
    asking.write(conversation_id=conversation.pk, text="Hello?", now=timezone.now())
    (change,) = read_changes(timezone.now() - timedelta(minutes=1))
    assert (change.id, change.number, change.who, change.is_session) == (conversation.pk, 2, str(customer.id), False)


def test_how_far_a_log_reaches_and_who_joined_how_often(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic).pay().accept().join()
    seq = Session.objects.get(pk=story.id).seq
    assert read_positions([str(story.id)]) == [
        Heartbeat(str(story.id), seq, {str(customer.id): 1, str(mechanic.id): 1})
    ]


def test_a_list_is_told_late_only_of_what_it_has_not_heard(
    customer: User, mechanic: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(customer, mechanic).pay()
    change = list_feed.Change(story.id, story.session.seq, str(customer.id), is_session=True)

    async def read(*_: object) -> list[list_feed.Change]:
        return [change]

    monkeypatch.setattr(executor, "read", read)
    monkeypatch.setattr(list_feed, "ON_ITS_WAY_SECONDS", 0)
    feed = Feed(EventBus())
    with _open(feed, customer, mechanic) as (mine, theirs):
        feed._tell(Changed(str(story.id), change.number, queue=False, parties=frozenset()))
        asyncio.run(feed.compare())
        assert (mine.said, theirs.said) == ([], [])
        change = change._replace(number=change.number + 1)
        asyncio.run(feed.compare())
        asyncio.run(feed.compare())
        assert (mine.said, theirs.said) == (["sessions"], ["queue", "sessions"])


def test_what_changed_before_the_database_was_away_is_told_once_it_is_back(
    customer: User, mechanic: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was away for longer than a comparison looks back."""
    long_ago = timezone.now() - timedelta(minutes=1)
    story = Story(customer, mechanic).pay()
    change = list_feed.Change(story.id, story.session.seq, str(customer.id), is_session=True)
    is_away = True

    async def read(_read_changes: object, since: datetime) -> list[list_feed.Change]:
        if is_away:
            raise OperationalError("the database is away")
        return [change] if since < long_ago else []

    monkeypatch.setattr(executor, "read", read)
    monkeypatch.setattr(list_feed, "ON_ITS_WAY_SECONDS", 0)
    feed = Feed(EventBus())
    with _open(feed, customer, mechanic) as (_mine, theirs):
        feed._compared_at = long_ago
        with pytest.raises(OperationalError):
            asyncio.run(feed.compare())
        is_away = False
        asyncio.run(feed.compare())
        assert theirs.said == ["queue", "sessions"]


@contextmanager
def _open(feed: Feed, customer: User, mechanic: User) -> Iterator[tuple[Line, Line]]:
    lines = Line(str(customer.id), "customer"), Line(str(mechanic.id), "mechanic")
    for line in lines:
        feed.enter(cast(FeedConnection, line))
    yield lines
    for line in lines:
        feed.leave(cast(FeedConnection, line))
