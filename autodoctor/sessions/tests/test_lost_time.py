"""Lost time: counted once, in the log, and said in the same seconds to everybody."""

from datetime import timedelta

import pytest

from autodoctor.accounts.models import User
from autodoctor.sessions import lost_time
from autodoctor.sessions.event_data import EventData, LostTime
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story
from autodoctor.sessions.tests.test_media import VIDEO

# Each way in which an absence ends changes other columns of the session, in a statement of its own.
pytestmark = [pytest.mark.django_db, pytest.mark.on_postgres]


def lost(**seconds: int) -> LostTime:
    return LostTime(mechanic=0, customer=0, media=0, not_given_back=0) | seconds  # type: ignore[return-value]


def in_the_log(story: Story) -> LostTime:
    return story.events("session.ended", "session.auto_closed")[-1].data_as(EventData)["session"]["lost"]


def test_absences_of_the_mechanic_add_up_to_the_second(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=5).leave(mechanic).wait(seconds=50).join(mechanic).wait(seconds=2)
    assert story.session.lost == lost(mechanic=50)
    story.leave(mechanic).wait(seconds=31).join(mechanic).wait(minutes=1).end(customer)
    assert story.session.lost == in_the_log(story) == lost(mechanic=81)
    assert story.minutes_since_noon(story.session.ends_at) == 30 + 81 / 60


def test_absences_of_the_customer_are_given_back_as_long_as_the_clock_may_pause(story: Story, customer: User) -> None:
    story.live().wait(minutes=5).leave(customer).wait(minutes=2).join(customer)
    assert story.session.lost == lost(customer=120)
    story.wait(minutes=5).leave(customer).wait(minutes=5).join(customer)
    assert story.session.lost == lost(customer=180, not_given_back=240)
    story.wait(minutes=1).leave(customer).wait(seconds=40).join(customer)
    assert story.session.lost == lost(customer=180, not_given_back=280)


def test_an_absence_of_the_customer_that_lasts_to_the_end_counts_up_to_the_end_of_the_time(
    story: Story, customer: User
) -> None:
    story.live().wait(minutes=20).leave(customer).wait(minutes=60)
    assert story.session.end_reason == "time_up"
    assert in_the_log(story) == lost(customer=180, not_given_back=600)


def test_a_customer_still_away_when_the_mechanic_returns_loses_time_from_then_on(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=5).leave(customer).wait(minutes=3).join(customer).wait(minutes=1)
    story.leave(mechanic).wait(seconds=10).leave(customer).wait(seconds=20).join(mechanic).wait(seconds=40)
    story.join(customer)
    assert story.session.lost == lost(mechanic=30, customer=180, not_given_back=40)


@pytest.mark.parametrize(
    ("seconds", "charged", "reason"),
    [(30, 999, "ended_by_customer"), (90, 166, "mechanic_lost"), (305, 166, "mechanic_lost")],
)
def test_a_pause_for_the_mechanic_in_which_the_session_ends_counts_until_then(
    story: Story, customer: User, mechanic: User, seconds: int, charged: int, reason: str
) -> None:
    story.live().wait(minutes=5).leave(mechanic).wait(seconds=seconds)
    if story.session.state != "completed":
        story.end(customer)
    assert in_the_log(story) == lost(mechanic=seconds)
    assert story.session.paused_at is None
    assert story.facts() == {"state": "completed", "reason": reason, "due": charged}


@pytest.mark.parametrize(("seconds", "kept"), [(30, 0), (181, 1), (605, 425)])
def test_an_absence_of_the_customer_in_which_the_mechanic_ends_counts_until_then(
    story: Story, customer: User, mechanic: User, seconds: int, kept: int
) -> None:
    story.live().wait(minutes=5).leave(customer).wait(seconds=seconds).end(mechanic)
    assert in_the_log(story) == lost(customer=min(seconds, 180), not_given_back=kept)
    assert (story.session.paused_at, story.session.unpaused_at) == (None, None)


def test_media_are_lost_to_nobody(customer: User, mechanic: User) -> None:
    call = Story(customer, mechanic, VIDEO).live()
    call.wait(minutes=5).hears(customer, False).wait(seconds=45).hears(customer)
    assert call.session.lost == lost(media=45)
    call.wait(minutes=1).hears(customer, False).wait(seconds=20).end(customer)
    assert in_the_log(call) == lost(media=65)


def test_whoever_is_there_is_not_away_when_lost_media_have_used_up_the_pauses(customer: User, mechanic: User) -> None:
    call = Story(customer, mechanic, VIDEO).live().hears(customer).hears(mechanic).wait(minutes=5)
    call.hears(customer, False).wait(minutes=4).end(mechanic)
    assert in_the_log(call) == lost(media=180)


def test_while_both_are_away_the_one_who_left_first_counts(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=5).leave(customer).wait(minutes=4).leave(mechanic).wait(minutes=1).join(customer)
    assert story.session.lost == lost(customer=180, not_given_back=120)
    story.wait(minutes=2).join(mechanic)
    assert story.session.lost == lost(customer=180, not_given_back=120, mechanic=120)


def test_a_customer_whose_return_is_quicker_than_the_clock_of_the_server_gets_the_pause_and_no_more(
    story: Story, customer: User
) -> None:
    story.live().wait(minutes=5).leave(customer)
    story.now += timedelta(minutes=4)
    story.join(customer)
    assert story.session.lost == lost(customer=180, not_given_back=60)


def test_each_role_reads_the_same_seconds_in_its_own_words(customer: User, mechanic: User) -> None:
    session = Session(
        customer=customer,
        mechanic=mechanic,
        mechanic_lost_seconds=80.4,
        customer_lost_seconds=35,
        media_lost_seconds=12,
        unpaused_lost_seconds=60,
    )
    media = "12 s given back: sound and picture were interrupted."
    assert lost_time.words(session, "customer") == (
        f"1 min 20 s given back: {mechanic.name} was away. 35 s given back: you were away. {media} "
        "1 min not given back: you were away for too long."
    )
    assert lost_time.words(session, "mechanic") == (
        f"1 min 20 s given back: you were away. 35 s given back: {customer.name} was away. {media} "
        f"1 min not given back: {customer.name} was away for too long."
    )
    by_name = lost_time.words(session)
    assert f"20 s given back: {mechanic.name} was away. 35 s given back: {customer.name} was away." in by_name


def test_nothing_is_said_when_nothing_was_lost(customer: User) -> None:
    assert lost_time.words(Session(customer=customer), "customer") == ""
