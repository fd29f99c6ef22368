from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story


@pytest.fixture(autouse=True)
def only_the_deadlines_run(settings: Settings) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"


@pytest.fixture
def story(customer: "User", mechanic: "User") -> "Story":
    from autodoctor.sessions.tests.story import Story

    return Story(customer, mechanic)


@pytest.fixture
def colleague(db: None) -> "User":
    from autodoctor.accounts.models import User

    return User.objects.create_user("colleague@example.com", name="Chris Colleague", is_staff=True)
