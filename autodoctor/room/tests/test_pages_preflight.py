"""The device check on the page: who sees it, the chat price, and the other participant's view."""

from collections.abc import Callable

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.room.tests.page_story import ClientOf, Reads
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story
from autodoctor.sessions.tests.test_preflight import VIDEO, report

NO_CAMERA = "Camera is not working yet"

pytestmark = pytest.mark.usefixtures("only_the_deadlines_run")


@pytest.fixture
def story(customer: User, mechanic: User) -> Story:
    from django.utils import timezone

    story = Story(customer, mechanic, VIDEO)
    story.now = timezone.now()
    Session.objects.update(state_at=story.now)
    return story


@pytest.fixture
def prepares(client_of: ClientOf, story: Story) -> Callable[[User], bool]:
    """Whether the page asks this person to check their devices."""
    return lambda user: " data-prepares" in client_of(user).get(f"/sessions/{story.id}/").content.decode()


def test_both_participants_of_a_call_have_a_preflight_until_they_have_joined(
    story: Story, prepares: Callable[[User], bool]
) -> None:
    story.pay()
    assert not prepares(story.customer)
    story.accept()
    assert prepares(story.customer)
    assert prepares(story.mechanic)
    story.join(story.customer)
    assert not prepares(story.customer)
    assert prepares(story.mechanic)


def test_a_joined_participant_returns_without_a_check(story: Story, prepares: Callable[[User], bool]) -> None:
    story.pay().accept().join(story.customer).leave(story.customer).wait(seconds=10)
    assert not story.session.participants.get(user=story.customer).present
    assert not prepares(story.customer)


def test_a_chat_is_joined_without_a_preflight(customer: User, mechanic: User, client_of: ClientOf) -> None:
    story = Story(customer, mechanic).pay().accept()
    page = client_of(customer).get(f"/sessions/{story.id}/").content.decode()
    assert "<device-preflight" not in page
    assert "data-join>" in page


def test_support_and_candidates_have_no_preflight(
    story: Story, prepares: Callable[[User], bool], support: User, mechanic2: User
) -> None:
    story.pay()
    assert not prepares(mechanic2)
    story.accept()
    assert not prepares(support)


def test_the_preflight_says_what_chat_costs_the_customer(story: Story, reads: Reads, client_of: ClientOf) -> None:
    story.pay().accept()
    assert "Use chat: $9.99 instead of $29.99" in reads(story.customer)
    assert "Use chat" not in reads(story.mechanic)
    Session.objects.update(chat_price_cents=None)
    assert "Use chat" in reads(story.customer)
    assert "instead of $" not in reads(story.customer)


def test_both_participants_read_charge_and_earning_once_chat_is_chosen(story: Story, reads: Reads) -> None:
    story.pay().accept()
    report(story, story.customer, "chat", camera="failed")
    assert "We charge $9.99 at most" in reads(story.customer)
    assert "You earn $6.99" in reads(story.mechanic)
    assert "Join Session" in reads(story.customer)


def test_a_participant_sees_the_peers_failed_checks_and_then_the_chosen_way(story: Story, reads: Reads) -> None:
    from autodoctor.sessions.models import Connection

    story.pay().accept()
    Connection.objects.create(
        process=story.process, session_id=story.id, user=story.customer, role="customer", opened_at=story.now
    )
    report(story, story.customer, camera="failed", network="failed")
    seen = reads(story.mechanic)
    assert NO_CAMERA in seen
    assert "Connection is still too weak" in seen
    assert "Microphone is not" not in seen
    assert NO_CAMERA not in reads(story.customer)
    report(story.wait(seconds=2), story.customer, "photos", camera="failed", network="failed")
    assert "Joins with audio and photos" in reads(story.mechanic)


def test_the_device_check_before_paying_is_open_to_anybody(db: None) -> None:
    page = Client().get("/check/")
    assert page.status_code == 200
    assert b"data-session" not in page.content


def test_the_device_check_is_linked_where_video_can_be_booked(db: None) -> None:
    from autodoctor.booking.models import Plan

    for bookable in (False, True):
        Plan.objects.exclude(kind="chat").update(bookable=bookable)
        for address in ("/", "/book/"):
            assert (b'href="/check/"' in Client().get(address).content) is bookable
