"""The page of a session that a mechanic has no more, or never had: what it says has to be true for each of them."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from autodoctor.core.formatting import moment
from autodoctor.room.tests.page_story import ClientOf
from autodoctor.sessions.lifecycle import substitutes, support_actions, transitions

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.sessions.tests.story import Story

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_the_deadlines_run")]
GONE, HANDED_OVER = "This request is gone", "You handed this session over"
GOES_ON, WENT_ON = "Another mechanic goes on with it.", "Another mechanic went on with it, and it is over."
NOTHING = "Nothing is expected of you."
SHARE, EARNINGS = "Your share was counted until", '/dashboard/earnings/"'


@pytest.fixture
def says(story: "Story", client_of: ClientOf) -> "Callable[[User], str]":
    """Return the words of the page, which tells this person that it is theirs no more."""

    def read(user: "User") -> str:
        answer = client_of(user).get(f"/sessions/{story.id}/")
        assert answer.status_code == 410
        shown = answer.content.decode().split("<main")[1].split("</main>")[0]
        assert "Casey" not in shown
        return re.sub(r"\s+", " ", shown)

    return read


def hand_over(story: "Story", by: "User", note: str = "Look at the coil") -> None:
    substitutes.ask_for_substitute(session_id=story.id, by=by, note=note, now=story.now)


def test_who_handed_it_over_reads_that_somebody_goes_on_and_until_when_their_share_was_counted(
    story: "Story", mechanic: "User", mechanic2: "User", says: "Callable[[User], str]"
) -> None:
    story.live().wait(minutes=10)
    left_at = story.now
    hand_over(story, mechanic)
    story.accept(mechanic2).join(mechanic2)
    page = says(mechanic)
    for words in (HANDED_OVER, GOES_ON, NOTHING, f"{SHARE} {moment(left_at)}.", EARNINGS, "when the session is over"):
        assert words in page
    assert GONE not in page
    assert mechanic2.name not in page
    story.wait(minutes=21)
    assert story.session.state == "completed"
    page = says(mechanic)
    for words in (HANDED_OVER, WENT_ON, f"{SHARE} {moment(left_at)}.", "once your customer was charged"):
        assert words in page


def test_who_was_lost_reads_that_the_customer_asked_for_another_one(
    story: "Story", customer: "User", mechanic: "User", mechanic2: "User", says: "Callable[[User], str]"
) -> None:
    story.live().wait(minutes=5).leave(mechanic).wait(seconds=70)
    hand_over(story, customer)
    story.accept(mechanic2).join(mechanic2)
    page = says(mechanic)
    for words in ("This session goes on without you", "You had lost the connection", GOES_ON, SHARE):
        assert words in page
    story.end(customer)
    assert "This session went on without you" in says(mechanic)


def test_whom_support_replaced_reads_so(
    story: "Story", mechanic: "User", mechanic2: "User", support: "User", says: "Callable[[User], str]"
) -> None:
    story.live()
    support_actions.substitute(
        session_id=story.id, by=support, reason="Rude to everybody", mechanic_id=mechanic2.id, now=story.now
    )
    page = says(mechanic)
    for words in ("This session goes on without you", "Our support team decided that another mechanic goes on."):
        assert words in page
    assert "Rude" not in page
    assert SHARE not in page  # nothing of it had run


def test_who_took_it_over_and_did_not_join_reads_that_and_of_no_share(
    story: "Story", mechanic: "User", mechanic2: "User", mechanic3: "User", says: "Callable[[User], str]"
) -> None:
    story.live().wait(minutes=5)
    hand_over(story, mechanic)
    story.accept(mechanic2).wait(minutes=2)
    story.accept(mechanic3).join(mechanic3)
    page = says(mechanic2)
    for words in (GONE, "You took it over and did not join in time.", GOES_ON):
        assert words in page
    assert SHARE not in page


def test_nobody_is_said_to_go_on_where_nobody_did(
    story: "Story", mechanic: "User", mechanic2: "User", mechanic3: "User", says: "Callable[[User], str]"
) -> None:
    story.live().wait(minutes=5)
    hand_over(story, mechanic)
    story.accept(mechanic2).wait(minutes=11)
    assert story.session.state == "completed"
    for person in (mechanic2, mechanic3):
        assert "It ended before another mechanic took over." in says(person)


def by_mechanic(story: "Story", _support: "User") -> None:
    story.releases(story.mechanic)


def by_customer(story: "Story", _support: "User") -> None:
    story.releases(story.customer)


def by_support(story: "Story", support: "User") -> None:
    support_actions.release(session_id=story.id, by=support, reason="Rude to everybody", now=story.now)


def by_deadline(story: "Story", _support: "User") -> None:
    story.wait(minutes=10, seconds=1)


@pytest.mark.parametrize(
    ("release", "why"),
    [
        (by_mechanic, "You gave this request back."),
        (by_customer, "The customer asked for another mechanic."),
        (by_support, "Our support team took it back."),
        (by_deadline, "You did not join in time."),
    ],
)
def test_who_had_a_request_reads_who_decided_it_and_what_became_of_it(
    story: "Story",
    mechanic: "User",
    mechanic2: "User",
    support: "User",
    client_of: ClientOf,
    says: "Callable[[User], str]",
    release: "Callable[[Story, User], None]",
    why: str,
) -> None:
    story.pay().accept()
    release(story, support)
    waits = client_of(mechanic).get(f"/sessions/{story.id}/").content.decode()
    assert f"{why} It goes to another mechanic." in re.sub(r"\s+", " ", waits)
    again = client_of(mechanic).post(f"/api/sessions/{story.id}/accept").json()
    assert (again["error"], again["detail"]) == ("released_before", f"{why} It goes to another mechanic.")
    story.accept(mechanic2)
    assert f"{why} Another mechanic has taken it. {NOTHING}" in says(mechanic)


def test_who_gave_a_request_back_that_then_ended_is_not_told_that_nobody_took_it(
    story: "Story", customer: "User", mechanic: "User", mechanic2: "User", says: "Callable[[User], str]"
) -> None:
    story.pay().accept()
    transitions.release_request(session_id=story.id, by=mechanic, reason="no_time", now=story.now)
    story.cancels()
    assert f"You gave this request back. It was called off. {NOTHING}" in says(mechanic)
    assert f"It was called off. {NOTHING}" in says(mechanic2)


def test_who_passed_a_request_that_was_theirs_alone_reads_so(
    story: "Story", mechanic: "User", says: "Callable[[User], str]"
) -> None:
    story.asks_for(mechanic, only=True).pay()
    story.releases(mechanic, "passed").wait(minutes=1)
    assert story.session.state == "expired"
    assert f"You passed. It ended without a mechanic. {NOTHING}" in says(mechanic)


def test_whose_private_request_lapsed_reads_that_it_ended(
    story: "Story", mechanic: "User", says: "Callable[[User], str]"
) -> None:
    story.asks_for(mechanic, only=True).pay().wait(minutes=30)
    assert story.session.state == "expired"
    assert f"It ended without a mechanic. {NOTHING}" in says(mechanic)
