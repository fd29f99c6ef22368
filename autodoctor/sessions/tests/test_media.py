"""Media: time without media is not charged, and a participant whose media arrive is not missing."""

import pytest

from autodoctor.accounts.actions import ban_user
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.sessions.lifecycle import media, transitions
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
VIDEO = transitions.PlanTerms(slug="video", name="Standard Video", kind="video", seconds=45 * 60, price_cents=2999)


@pytest.fixture
def call(customer: User, mechanic: User) -> Story:
    """A video session in which both hear each other, ten minutes in."""
    story = Story(customer, mechanic, VIDEO).pay().accept().join()
    return story.connect().start().wait(minutes=10)


def test_a_call_starts_only_when_both_hear_each_other(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic, VIDEO).pay().accept().join().hears(mechanic)
    with pytest.raises(Refused, match="no_media"):
        story.start()
    assert story.session.state == "waiting"
    assert story.hears(customer).start().session.state == "live"


def test_a_call_that_became_a_chat_starts_without_media(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic, VIDEO).pay().accept().join()
    Session.objects.filter(pk=story.id).update(kind="chat")
    assert story.start().session.state == "live"


def test_ten_seconds_without_media_pause_from_when_they_ceased(call: Story, customer: User) -> None:
    call.hears(customer, False).wait(seconds=9)
    assert call.session.paused_at is None
    session = call.wait(seconds=1).session
    assert (session.state, session.pause_cause) == ("live", "media")
    assert call.minutes_since_noon(session.paused_at) == 10
    session = call.wait(seconds=50).hears(customer).session
    assert session.paused_at is None
    assert call.minutes_since_noon(session.ends_at) == 46
    assert session.lenient_seconds_used == 60
    assert [event.data["why"] for event in call.events("session.paused", "session.resumed")] == ["media", "media"]


def test_a_short_loss_pauses_nothing(call: Story, customer: User, mechanic: User) -> None:
    before = call.session.seq
    call.hears(customer, False).hears(mechanic, False).wait(seconds=8).hears(customer).hears(mechanic).wait(seconds=20)
    assert (call.session.seq, call.session.paused_at) == (before, None)


def test_a_call_resumes_when_both_hear_each_other_again(call: Story, customer: User, mechanic: User) -> None:
    call.hears(customer, False).hears(mechanic, False).wait(seconds=20).hears(customer).wait(seconds=10)
    assert call.session.pause_cause == "media"
    assert call.hears(mechanic).session.pause_cause == ""
    assert call.session.lenient_seconds_used == 30


def test_pauses_for_lost_media_and_a_missing_customer_share_three_minutes(
    call: Story, customer: User, mechanic: User
) -> None:
    call.leave(customer).hears(mechanic, False).wait(minutes=2).join(customer).hears(customer).hears(mechanic)
    call.hears(customer, False).wait(minutes=2)
    session = call.session
    assert (session.paused_at, session.lenient_seconds_used) == (None, 180)
    assert call.minutes_since_noon(session.ends_at) == 48
    call.hears(customer).hears(customer, False).wait(minutes=1)
    assert call.session.paused_at is None


def test_an_absence_takes_over_a_pause_without_media(call: Story, customer: User, mechanic: User) -> None:
    call.hears(customer, False).wait(seconds=30).leave(mechanic).wait(seconds=65)
    session = call.session
    assert (session.state, session.pause_cause) == ("reconnecting", "mechanic")
    assert session.lenient_seconds_used == 35
    call.join(mechanic).hears(customer).wait(seconds=20)
    session = call.session
    assert (session.state, session.paused_at) == ("live", None)
    assert call.minutes_since_noon(session.ends_at) == pytest.approx(45 + 95 / 60)


def test_after_a_return_media_have_ten_seconds_to_come_back(call: Story, customer: User, mechanic: User) -> None:
    call.hears(customer, False).leave(mechanic).wait(minutes=1).join(mechanic).wait(seconds=9)
    assert (call.session.state, call.session.paused_at) == ("live", None)
    call.wait(seconds=1)
    assert call.session.pause_cause == "media"
    assert call.minutes_since_noon(call.session.paused_at) == 11


def test_a_participant_whose_media_arrive_is_not_missing(call: Story, mechanic: User) -> None:
    before = call.session.seq
    call.leave(mechanic).wait(minutes=1)
    assert (call.session.state, call.session.seq) == ("live", before)
    call.join(mechanic).wait(seconds=20)
    assert (call.session.state, call.session.paused_at) == ("live", None)


def test_a_participant_is_missing_once_their_media_stop(call: Story, customer: User, mechanic: User) -> None:
    call.leave(mechanic).wait(minutes=1).hears(customer, False).wait(seconds=4)
    assert call.session.state == "live"
    session = call.wait(seconds=1).session
    assert (session.state, session.pause_cause) == ("reconnecting", "mechanic")
    assert call.minutes_since_noon(session.paused_at) == 11


def test_a_call_pauses_when_the_pages_of_both_participants_are_gone(
    call: Story, customer: User, mechanic: User
) -> None:
    call.leave(mechanic).leave(customer).wait(seconds=5)
    assert call.session.state == "reconnecting"


def test_a_session_ends_on_time_while_only_the_mechanics_media_arrive(call: Story, mechanic: User) -> None:
    call.leave(mechanic).wait(minutes=35)
    assert call.facts() == {"state": "completed", "reason": "time_up", "due": 2999}


def test_a_chat_has_no_media_to_lose(story: Story, customer: User, stranger: User) -> None:
    story.live().hears(customer, False).wait(minutes=1)
    assert story.session.paused_at is None
    with pytest.raises(Session.DoesNotExist):
        story.hears(stranger)


@pytest.mark.parametrize("connects", [False, True])
def test_a_call_that_never_connected_is_not_the_mechanics_fault(customer: User, mechanic: User, connects: bool) -> None:
    MechanicProfile.objects.update_or_create(
        user=mechanic, defaults={"headline": "h", "years_experience": 1, "skills": "s", "taking_sessions": True}
    )
    story = Story(customer, mechanic, VIDEO).pay().accept().join().hears(mechanic)
    if connects:
        story.hears(customer)
    (released,) = story.wait(minutes=10).events("session.released")
    assert released.data["reason"] == ("not_started" if connects else "no_media")
    assert MechanicProfile.objects.get(user=mechanic).taking_sessions is not connects


def test_a_page_says_nothing_more_of_the_call_once_a_later_one_has(call: Story, customer: User) -> None:
    """Pages of one person in two processes: what the older one says may come last."""

    def report(receiving: bool | None, join_number: int) -> bool | None:
        media.report_media(session_id=call.id, by=customer, receiving=receiving, now=call.now, join_number=join_number)
        return Participant.objects.get(session=call.id, user=customer).receiving

    first = transitions.join_session(session_id=call.id, user=customer, now=call.now)
    second = transitions.join_session(session_id=call.id, user=customer, now=call.now)
    assert second == first + 1
    assert report(True, first) is True
    assert report(None, first) is None  # the older page was taken over, and the newer has not spoken yet
    assert report(True, second) is True
    assert report(None, first) is True
    assert report(False, second) is False


def test_what_arrived_of_a_released_mechanic_starts_no_call_with_the_next_one(
    customer: User, mechanic: User, mechanic2: User
) -> None:
    story = Story(customer, mechanic, VIDEO).pay().accept().join().connect().releases(customer)
    story.mechanic = mechanic2
    story.accept().join(mechanic2).hears(mechanic2)
    with pytest.raises(Refused, match="no_media"):
        story.start()
    story.leave(mechanic2).wait(seconds=10)
    assert story.session.state == "accepted"
    assert story.join(mechanic2).connect().start().session.state == "live"


def test_a_banned_mechanic_whose_browser_sends_on_is_missing(call: Story, mechanic: User) -> None:
    ban_user(user=mechanic, now=call.now)
    session = call.leave(mechanic).wait(seconds=10).session
    assert (session.state, session.pause_cause) == ("reconnecting", "mechanic")
    assert call.minutes_since_noon(session.paused_at) == 10
    call.wait(minutes=6)
    assert call.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 2999 * 10 // 45}


def test_a_banned_customer_whose_browser_sends_on_is_missing(call: Story, customer: User) -> None:
    ban_user(user=customer, now=call.now)
    session = call.leave(customer).wait(seconds=10).session
    assert (session.state, session.pause_cause) == ("reconnecting", "customer")
