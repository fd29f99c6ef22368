import pytest
from pytest_django import DjangoSettingsWrapper

from autodoctor.accounts.models import User
from autodoctor.sessions.tests.story import Story


@pytest.fixture(autouse=True)
def only_the_deadlines_run(settings: SettingsWrapper) -> None:
    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"


@pytest.fixture
def story(customer: User, mechanic: User) -> Story:
    return Story(customer, mechanic)
