"""A call between the customer and the mechanic, where transcripts can be made."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.transcripts.tests.call_story import CallStory


@pytest.fixture
def story(customer: "User", mechanic: "User", settings: Settings) -> "Iterator[CallStory]":
    from autodoctor.core.model_settings import Transcriber
    from autodoctor.files import storage
    from autodoctor.transcripts.tests.call_story import CallStory

    settings.TRANSCRIBER = Transcriber("pocketsphinx")
    yield CallStory(customer, mechanic)
    shutil.rmtree(storage.directory() / "voices", ignore_errors=True)
