"""A running session between two mechanics: until when who waits for what, and who may do what, on each page."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from autodoctor.core.formatting import time_of_day
from autodoctor.files.tests.samples import photo, upload
from autodoctor.room.tests.page_story import JSON, ClientOf, Reads, buttons, lose
from autodoctor.sessions.lifecycle import attachments, substitutes, support_actions

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]
SEARCH, JOIN, BACK = timedelta(minutes=10), timedelta(minutes=2), timedelta(minutes=5)


def hand_over(story: "Story", by: "User") -> None:
    substitutes.ask_for_substitute(session_id=story.id, by=by, note="Look at the coil", now=story.now)


def loses_mechanic(story: "Story", *, since: timedelta) -> None:
    now = story.now
    story.now -= timedelta(minutes=10)
    story.live().now = now
    lose(story, story.mechanic, "mechanic", since=since)


def at(story: "Story", later: timedelta) -> str:
    return time_of_day(story.now + later)


def test_everybody_reads_until_when_another_mechanic_is_looked_for(
    story: "Story", customer: "User", mechanic: "User", mechanic2: "User", reads: Reads
) -> None:
    story.live()
    attachments.share_file(session_id=story.id, by=customer, upload=upload("hood.jpg", photo()), now=story.now)
    hand_over(story, mechanic)
    assert f"If nobody takes over by {at(story, SEARCH)}, the session ends by itself." in reads(customer)
    left = reads(mechanic)
    assert "You handed this session over" in left
    assert f"Another mechanic is looked for until {at(story, SEARCH)}." in left
    assert "If nobody takes over, the session ends then, and you write its summary." in left
    assert "hood.jpg" not in left
    candidate = reads(mechanic2)
    assert f"The customer waits, until {at(story, SEARCH)} at most." in candidate
    assert "hood.jpg" in candidate


def test_who_took_over_and_the_customer_read_by_when_to_join(
    story: "Story", customer: "User", mechanic: "User", mechanic2: "User", reads: Reads
) -> None:
    story.live()
    hand_over(story, mechanic)
    story.accept(mechanic2)
    assert f"Join by {at(story, JOIN)}" in reads(mechanic2)
    assert f"If {mechanic2.name} does not come by {at(story, JOIN)}, we look for somebody else." in reads(customer)


def test_the_log_names_the_mechanic_whom_support_has_go_on(
    story: "Story", customer: "User", mechanic2: "User", support: "User", reads: Reads
) -> None:
    story.live()
    support_actions.substitute(
        session_id=story.id, by=support, reason="Wrong car", mechanic_id=mechanic2.id, now=story.now
    )
    for part in ("", "transcript/"):
        page = reads(customer, part)
        assert f"{mechanic2.name} goes on with the session" in page
        assert support.name not in page


def test_a_mechanic_who_lost_the_session_reads_why(
    story: "Story", customer: "User", mechanic: "User", reads: Reads
) -> None:
    loses_mechanic(story, since=timedelta(minutes=2))
    hand_over(story, customer)
    left = reads(mechanic)
    assert "You handed this session over" not in left
    assert "You had lost the connection, and your customer asked for another mechanic." in left


def test_a_mechanic_whom_support_took_the_session_from_reads_so(
    story: "Story", mechanic: "User", support: "User", reads: Reads
) -> None:
    story.live()
    support_actions.substitute(session_id=story.id, by=support, reason="Wrong car", now=story.now)
    assert "Our support team decided that another mechanic goes on." in reads(mechanic)


@pytest.mark.parametrize("minutes", [0.5, 2])
def test_a_customer_reads_until_when_a_lost_mechanic_may_come_back(
    story: "Story", customer: "User", mechanic: "User", reads: Reads, minutes: float
) -> None:
    since = timedelta(minutes=minutes)
    loses_mechanic(story, since=since)
    page = reads(customer)
    until = at(story, BACK - since)
    assert f"If {mechanic.name} is not back by {until}, the session ends by itself" in page
    assert ("Find another mechanic" in page) is (minutes > 1)


def test_who_took_over_by_mistake_gives_it_back_until_they_join(
    story: "Story", customer: "User", mechanic: "User", mechanic2: "User", client_of: ClientOf, reads: Reads
) -> None:
    story.live()
    hand_over(story, mechanic)
    until = at(story, SEARCH)
    story.accept(mechanic2)
    client = client_of(mechanic2)
    assert buttons(client, story) == ["release"]
    asked = client.get(f"/sessions/{story.id}/").content.decode().split('id="release-dialog"')[1]
    assert f"look for another mechanic until {until}" in asked
    for _ in range(2):  # a second press is answered like the first
        answer = client.post(f"/sessions/{story.id}/release/", {"reason": "given_back"}, headers=JSON)
        assert (answer.status_code, answer.json()["session"]["state"]) == (200, "handing_over")
    page = reads(mechanic2)
    assert f"You gave it back. Another mechanic is looked for until {until}." in page
    assert "you write its summary" not in page
    assert f"If nobody takes over by {until}, the session ends by itself." in reads(customer)


def test_after_joining_it_is_handed_over_and_not_given_back(
    story: "Story", mechanic: "User", mechanic2: "User", client_of: ClientOf
) -> None:
    story.live()
    hand_over(story, mechanic)
    story.accept(mechanic2).join(mechanic2)
    client = client_of(mechanic2)
    assert "release" not in buttons(client, story)
    late = client.post(f"/sessions/{story.id}/release/", {"reason": "given_back"}, headers=JSON)
    assert (late.status_code, late.json()["error"]) == (409, "invalid_transition")
