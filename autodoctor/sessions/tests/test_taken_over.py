"""Whoever took a running session over and has not joined: they give it back, or it ends without them."""

import pytest

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.mail.rendering import render
from autodoctor.scheduler.models import Job
from autodoctor.sessions.left_words import why_left
from autodoctor.sessions.lifecycle import support_actions
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.states import InvalidTransition
from autodoctor.sessions.tests.story import Story
from autodoctor.sessions.tests.test_substitutes import NOTE, asks, hands_over, takes_over

pytestmark = pytest.mark.django_db


def searched_again(story: Story, mechanic2: User) -> Story:
    """Fifteen minutes had run; a second mechanic took over seven minutes after the first one left."""
    story.live().wait(minutes=15)
    hands_over(story).wait(minutes=7)
    return story.accept(mechanic2).wait(seconds=20)


@pytest.mark.on_postgres
def test_who_ends_before_the_next_one_joined_has_the_mechanic_before(
    story: Story, customer: User, mechanic: User, mechanic2: User
) -> None:
    searched_again(story, mechanic2).end(customer)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}
    assert story.session.mechanic_id == mechanic.id  # who writes the summary
    part = Participant.objects.get(session=story.id, user=mechanic2)
    assert (part.release_reason, part.carried_seconds) == ("ended_first", 0)
    assert why_left(part) == "The session ended before you joined."


def test_support_ends_it_for_the_mechanic_who_was_there(
    story: Story, support: User, mechanic: User, mechanic2: User
) -> None:
    searched_again(story, mechanic2)
    support_actions.end(session_id=story.id, by=support, reason="asked by phone", now=story.now)
    assert (story.session.state, story.session.mechanic_id) == ("completed", mechanic.id)


def test_who_has_not_joined_ends_nothing(story: Story, mechanic2: User) -> None:
    searched_again(story, mechanic2)
    with pytest.raises(Refused, match="not_joined"):
        story.end(mechanic2)
    assert story.session.state == "reconnecting"
    story.join(mechanic2).end(mechanic2)
    assert story.facts()["reason"] == "ended_by_mechanic"


@pytest.mark.on_postgres
def test_a_session_taken_over_by_mistake_is_given_back_and_the_search_goes_on_to_its_end(
    story: Story, mechanic: User, mechanic2: User
) -> None:
    paused_at = searched_again(story, mechanic2).session.paused_at
    story.releases(mechanic2)
    session = story.session
    assert (session.state, session.mechanic_id, session.paused_at) == ("handing_over", None, paused_at)
    assert session.handover_note == NOTE
    (_left, back) = story.events("session.handing_over")
    assert (back.data["why"], back.data["left"]) == ("given_back", str(mechanic2.id))
    part = Participant.objects.get(session=session, user=mechanic2)
    assert (part.carried_seconds, part.handed_over_at, part.released_by) == (0, None, "mechanic")
    profile = MechanicProfile.objects.get(user=mechanic2)
    assert (profile.taking_sessions, profile.missed_requests) == (True, 0)
    story.wait(minutes=2, seconds=39)
    assert story.session.state == "handing_over"
    story.wait(seconds=1)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}
    assert story.session.mechanic_id == mechanic.id
    assert story.session.lost["mechanic"] == 600


def test_the_customer_is_told_that_it_was_given_back(story: Story, mechanic2: User) -> None:
    searched_again(story, mechanic2).releases(mechanic2)
    assert story.mails().count("handing_over") == 2
    told = [job.payload for job in Job.objects.filter(kind="mail.send").order_by("id") if "handing_over" in job.key]
    texts = [render(mail["template"], mail["context"], time_zone="UTC").text for mail in told]
    assert ["gave it back before joining" in text for text in texts] == [False, True]
    assert ["had to leave" in text for text in texts] == [True, False]


def test_somebody_else_goes_on_after_it_was_given_back_and_who_gave_it_back_cannot(
    story: Story, mechanic: User, mechanic2: User, mechanic3: User
) -> None:
    searched_again(story, mechanic2).releases(mechanic2)
    with pytest.raises(Refused, match="released_before"):
        story.accept(mechanic2)
    takes_over(story, mechanic3).wait(minutes=16)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    carried = dict(Participant.objects.filter(role="mechanic").values_list("user__email", "carried_seconds"))
    assert carried == {mechanic.email: 900, mechanic2.email: 0, mechanic3.email: 0}


def test_giving_back_twice_changes_nothing(story: Story, mechanic2: User) -> None:
    searched_again(story, mechanic2).releases(mechanic2)
    before = story.session.seq
    story.releases(mechanic2)
    assert story.session.seq == before


def test_only_who_took_it_over_gives_it_back_and_only_before_joining(
    story: Story, customer: User, mechanic: User, mechanic2: User, mechanic3: User
) -> None:
    searched_again(story, mechanic2)
    for person in (mechanic, mechanic3):
        with pytest.raises(Session.DoesNotExist):
            story.releases(person)
    with pytest.raises(InvalidTransition):
        story.releases(customer)
    story.join(mechanic2)
    with pytest.raises(InvalidTransition):
        story.releases(mechanic2)
    assert story.session.state == "live"


def test_while_another_one_is_looked_for_nobody_gives_anything_back(
    story: Story, customer: User, mechanic: User, mechanic3: User
) -> None:
    story.live()
    hands_over(story)
    with pytest.raises(InvalidTransition):
        story.releases(customer)
    for person in (mechanic, mechanic3):
        with pytest.raises(Session.DoesNotExist):
            story.releases(person)


def test_who_has_not_joined_leaves_the_note_of_the_one_before(story: Story, mechanic2: User) -> None:
    searched_again(story, mechanic2)
    asks(story, mechanic2, "I know nothing")
    assert (story.session.state, story.session.handover_note) == ("handing_over", NOTE)
    assert [event.data["why"] for event in story.events("session.handing_over")] == ["leaves", "given_back"]
