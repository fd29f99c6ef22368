"""Access to a session's page."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.room import urls
from autodoctor.room.tests.page_story import ClientOf, Reads, buttons, say
from autodoctor.sessions.lifecycle import endings

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]


ACTIONS = ["accept", "release", "start", "end", "cancel", "solved"]


@pytest.mark.parametrize("part", ["", "panel/", "transcript/"])
@pytest.mark.parametrize("step", ["draft", "requested", "live", "over"])
def test_a_stranger_gets_the_same_404_for_a_session_as_for_an_unknown_one(
    story: "Story", stranger: "User", client_of: ClientOf, step: str, part: str
) -> None:
    steps: dict[str, Callable[[], Any]] = {
        "draft": lambda: None,
        "requested": story.pay,
        "live": story.live,
        "over": lambda: story.live().end(story.customer),
    }
    steps[step]()
    theirs = client_of(stranger).get(f"/sessions/{story.id}/{part}")
    nowhere = client_of(stranger).get(f"/sessions/{uuid4()}/{part}")
    assert theirs.status_code == nowhere.status_code == 404
    tokens = rb"[\w+/=-]{20,}"
    assert re.sub(tokens, b"", theirs.content) == re.sub(tokens, b"", nowhere.content)


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_of_a_session_are_a_404_for_a_stranger_and_change_nothing(
    story: "Story", stranger: "User", client_of: ClientOf, action: str
) -> None:
    story.live()
    before = story.session.payload()
    answer = client_of(stranger).post(f"/sessions/{story.id}/{action}/", {"reason": "other", "solved": "yes"})
    assert answer.status_code == 404
    assert story.session.payload() == before


@pytest.mark.parametrize("part", ["", "panel/", "transcript/"])
def test_a_signed_out_visitor_of_a_session_page_is_asked_to_sign_in(story: "Story", client: Client, part: str) -> None:
    answer = client.get(f"/sessions/{story.id}/{part}")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=/sessions/")


def test_an_approved_mechanic_may_look_at_a_request_and_accept_it(
    story: "Story", mechanic: "User", mechanic2: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.pay()
    assert "Casey Customer needs a mechanic" in reads(mechanic)
    assert "$6.99" in reads(mechanic)
    assert buttons(client_of(mechanic), story) == ["accept"]
    assert client_of(mechanic).get(f"/sessions/{story.id}/transcript/").status_code == 404
    story.accept()
    assert client_of(mechanic2).get(f"/sessions/{story.id}/transcript/").status_code == 404


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("accept", "Another mechanic has taken it."),
        ("cancel", "It was called off."),
        ("wait", "It ended without a mechanic."),
    ],
)
def test_a_mechanic_who_came_too_late_reads_what_became_of_it(
    story: "Story", mechanic2: "User", stranger: "User", client_of: ClientOf, end: str, said: str
) -> None:
    story.pay()
    ends: dict[str, Callable[[], object]] = {
        "accept": story.accept,
        "cancel": lambda: endings.cancel_session(session_id=story.id, by=story.customer, now=story.now),
        "wait": lambda: story.wait(minutes=21),
    }
    ends[end]()
    late = client_of(mechanic2).get(f"/sessions/{story.id}/")
    assert late.status_code == 410
    assert said in late.content.decode()
    assert "Casey" not in late.content.decode()
    assert client_of(stranger).get(f"/sessions/{story.id}/").status_code == 404


def test_a_mechanic_who_is_not_approved_does_not_see_requests(
    story: "Story", mechanic: "User", client_of: ClientOf
) -> None:
    story.pay()
    mechanic.mechanic_profile.state = "applied"
    mechanic.mechanic_profile.save()
    assert client_of(mechanic).get(f"/sessions/{story.id}/").status_code == 404


def test_support_watches_without_taking_part(
    story: "Story", support: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.live()
    say(story, story.customer, "It rattles when cold")
    text = reads(support)
    assert "It rattles when cold" in text
    assert "Casey Customer" in text
    assert "Morgan Mechanic" in text
    assert "Write a message" not in client_of(support).get(f"/sessions/{story.id}/").content.decode()
    assert buttons(client_of(support), story) == []


@pytest.mark.parametrize("kind", ["chat", "video", "diagnostic"])
def test_older_addresses_of_a_session_redirect_to_its_page(client: Client, kind: str) -> None:
    session_id = uuid4()
    for address in (f"/{kind}/{session_id}", f"/{kind}/{session_id}/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (301, f"/sessions/{session_id}/")


def test_every_address_of_a_session_declares_who_may_use_it() -> None:
    assert {vars(pattern.callback)["access"] for pattern in urls.urlpatterns} == {"signed_in", "anyone"}
