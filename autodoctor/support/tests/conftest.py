"""A session with a history, as the desk finds it."""

from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from django.test import Client

    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story


@pytest.fixture(autouse=True)
def only_the_deadlines_run(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"


@pytest.fixture
def story(customer: "User", mechanic: "User") -> "Story":
    """Return a session in the past: the pages use the real time."""
    from autodoctor.sessions.tests.story import Story

    return Story(customer, mechanic)


@pytest.fixture
def desk(client: "Client", support: "User") -> "Client":
    """Support's browser."""
    client.force_login(support)
    return client


@pytest.fixture
def colleague(db: None) -> "User":
    from autodoctor.accounts.models import User

    return User.objects.create_user("colleague@example.com", name="Chris Colleague", is_staff=True)
