"""Sessions between real people, and a writer of the test's own."""

import html
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit import chromium, scene
from tests.kit.scene import Talk
from tests.kit.server import Server, running
from tests.kit.waiting import PATIENCE

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Page
    from pytest_django import Settings

    from autodoctor.accounts.models import User
    from autodoctor.room.messages.writer import Writer
    from autodoctor.room.tests.exchange import Exchange
    from autodoctor.sessions.models import Session
    from autodoctor.sessions.tests.story import Story


@pytest.fixture
def writer(settings: "Settings") -> "Iterator[Writer]":
    """Run a writer for people who are in a hurry, and stop it before the database is emptied."""
    from autodoctor.room.hub.event_bus import EventBus
    from autodoctor.room.messages.writer import Writer

    settings.LIMITS = json.loads(scene.UNLIMITED)
    writer = Writer(EventBus())
    yield writer
    writer.stop()


@pytest.fixture
def session(customer: "User", mechanic: "User") -> "Session":
    from autodoctor.room.tests.live_session import live_session

    return live_session(customer, mechanic)


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """Run a server with relaxed limits and a fast heartbeat."""
    environment = {"ROOM": '{"heartbeat": 1}', "LIMITS": scene.UNLIMITED}
    with running(environment=environment, deadlines={"missing_grace": 1}) as server:
        yield server


@pytest.fixture
def fresh() -> Iterator[Server]:
    """Run a server with production's limits, to stop and kill."""
    with running(deadlines={"missing_grace": 1}) as server:
        yield server


@pytest.fixture(scope="module")
def calm(shared: Server) -> Talk:
    """Return a running session, for tests that do not change it."""
    return scene.stage(shared)


@pytest.fixture
def talk(shared: Server) -> Talk:
    return scene.stage(shared)


@pytest.fixture
def only_the_deadlines_run(settings: "Settings") -> None:
    """Mail and money stay in the queue."""
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"


@pytest.fixture
def story(customer: "User", mechanic: "User") -> "Story":
    """A draft of a moment ago; its times are real ones, as the pages' are."""
    from django.utils import timezone

    from autodoctor.sessions.models import Session
    from autodoctor.sessions.tests.story import Story

    story = Story(customer, mechanic)
    story.now = timezone.now()
    Session.objects.filter(pk=story.id).update(payable_until=story.now + timedelta(minutes=30), state_at=story.now)
    return story


@pytest.fixture
def reads(client_of: "Callable[[User], Client]", story: "Story") -> "Callable[..., str]":
    """Return the page's text for this person, without markup and without templates for scripts."""

    def read(user: "User", part: str = "") -> str:
        answer = client_of(user).get(f"/sessions/{story.id}/{part}")
        assert answer.status_code == 200
        text = re.sub(r"<(style|script|template|dialog)\b.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())

    return read


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return chromium.options()


@pytest.fixture
def exchange() -> "Iterator[Exchange]":
    from playwright.sync_api import expect

    from autodoctor.room.tests.exchange import exchanging

    expect.set_options(timeout=PATIENCE * 1000)
    with exchanging() as made:
        yield made


@pytest.fixture
def browser_page(page: "Page", exchange: "Exchange") -> "Page":
    """A page that has nothing but the room's modules."""
    page.goto(f"http://localhost:{exchange.port}/page")
    return page
