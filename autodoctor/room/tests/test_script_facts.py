"""The page of a session tells its scripts which states mean what, and when time is short."""

import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from autodoctor.room.tests.page_story import ClientOf
from autodoctor.sessions.rules.triggers import duration
from autodoctor.sessions.states import State

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]


@pytest.fixture
def attributes(story: "Story", customer: "User", client_of: ClientOf) -> dict[str, str]:
    page = client_of(customer).get(f"/sessions/{story.id}/").content.decode()
    return {name: unescape(value) for name, value in re.findall(r'data-([\w-]+)="([^"]*)"', page)}


def test_the_server_tells_scripts_which_states_are_open_running_or_over(attributes: dict[str, str]) -> None:
    sets = {name: set(states) for name, states in json.loads(attributes["states"]).items()}
    assert sets["over"] == {State.COMPLETED, State.CANCELLED, State.EXPIRED}
    assert sets["running"] - {State.HANDING_OVER} < sets["calling"] < sets["talking"]  # nobody is there to be called
    assert not sets["talking"] & sets["over"]
    assert sets["begun"] == sets["running"] | {State.COMPLETED}


def test_the_server_tells_scripts_when_to_warn_of_the_end(attributes: dict[str, str]) -> None:
    assert float(attributes["warn-seconds"]) == duration("warn_first").total_seconds()
    assert float(attributes["last-seconds"]) == duration("warn_last").total_seconds()
