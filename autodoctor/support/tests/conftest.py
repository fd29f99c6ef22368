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
def charged(story: "Story") -> "Story":
    """The session is over, and its price was charged."""
    from autodoctor.payments.models import Payment

    story.live().wait(minutes=10).end(story.customer)
    Payment.objects.filter(owner_id=story.id).update(
        state="captured", captured_cents=999, due_cents=999, closed_at=story.now, intent_id="pi_1", charge_id="ch_1"
    )
    return story


@pytest.fixture
def desk(client: "Client", support: "User") -> "Client":
    """Support's browser."""
    client.force_login(support)
    return client


@pytest.fixture
def colleague(db: None) -> "User":
    from autodoctor.accounts.models import User

    return User.objects.create_user("colleague@example.com", name="Chris Colleague", is_staff=True)
