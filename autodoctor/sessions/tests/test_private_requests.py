"""A request for one mechanic alone: it opens once, waits no longer than promised, and is nobody else's business."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.models import Favorite, MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.sweep import sweep
from autodoctor.sessions.lifecycle import support_actions
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import eligibility, private_requests, request_queue
from autodoctor.sessions.queries.private_requests import Availability, availability
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db
Leave = Callable[[User], Any]


def in_minutes(minutes: float) -> Any:
    return NOON + timedelta(minutes=minutes)


def until(story: Story) -> Any:
    return story.session.private_until


def sees(mechanic: User, story: Story) -> bool:
    return eligibility.requests_open_to(User.objects.get(pk=mechanic.pk)).filter(pk=story.id).exists()


def opened(story: Story) -> list[str]:
    return [event.data["why"] for event in story.events("session.opened")]


def has_ended_alone(story: Story) -> bool:
    return story.facts() == {"state": "expired", "reason": "asked_unavailable", "due": 0}


# How it begins and ends by itself


def test_a_request_is_one_mechanics_for_two_minutes_and_then_everybodys(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic).pay()
    assert until(story) == in_minutes(2)
    story.wait(seconds=119)
    assert (sees(story.mechanic, story), sees(mechanic2, story)) == (True, False)
    with pytest.raises(Session.DoesNotExist):
        story.accept(mechanic2)
    story.wait(seconds=1)
    assert opened(story) == ["time"]
    assert story.events("session.opened")[0].at == in_minutes(2)
    assert until(story) is None
    assert (sees(story.mechanic, story), sees(mechanic2, story)) == (True, True)
    assert story.accept(mechanic2).session.mechanic == mechanic2


def test_a_request_is_one_mechanics_until_the_time_that_was_picked(story: Story) -> None:
    accounts.set_taking_sessions(mechanic=story.mechanic, taking=False, now=NOON)
    story.wait().asks_for(story.mechanic, minutes=25).wait(minutes=3).pay()
    story.wait(minutes=21, seconds=59)
    assert (opened(story), story.session.state) == ([], "requested")
    assert opened(story.wait(seconds=1)) == ["time"]


def test_a_request_that_was_opened_has_ten_minutes_in_the_queue_at_least(story: Story) -> None:
    story.asks_for(story.mechanic, minutes=29).pay().wait(minutes=29)
    assert story.session.unattended_at == in_minutes(39)
    assert story.wait(minutes=9, seconds=59).session.state == "requested"
    assert story.wait(seconds=1).facts() == {"state": "expired", "reason": "unattended", "due": 0}


def test_no_time_that_is_picked_lasts_longer_than_the_rules_allow(story: Story) -> None:
    story.asks_for(story.mechanic, minutes=24 * 60).pay()
    assert until(story) == in_minutes(30)


def test_a_time_that_has_passed_when_the_hold_is_placed_is_over_at_once(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, minutes=5).wait(minutes=20).pay().wait()
    assert opened(story) == ["time"]
    assert sees(mechanic2, story)
    assert story.mails() == ["requested"]  # nobody is told of a time that never was
    assert story.session.requested_at == story.events("session.opened")[0].at


def test_an_outage_opens_a_request_once_and_at_its_moment(story: Story) -> None:
    story.asks_for(story.mechanic).pay().outage(minutes=9)
    for _ in range(2):
        sweep(story.now)
        run_due(story.now)
    assert opened(story) == ["time"]
    assert story.session.state_at == in_minutes(2)


def test_the_sweep_sets_the_deadline_of_a_private_request_again(story: Story) -> None:
    story.asks_for(story.mechanic).pay()
    Job.objects.filter(kind="request.private_over").delete()
    sweep(story.now)
    assert opened(story.wait(minutes=2)) == ["time"]


def test_only_one_mechanic_means_that_the_hold_is_released_at_the_end(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, only=True, minutes=15).pay().wait(minutes=14, seconds=59)
    assert not sees(mechanic2, story)
    story.wait(seconds=1)
    assert has_ended_alone(story)
    assert story.mails() == ["requested_private", "asked_for_you", "offer_stop", "called_off"]
    called_off = Job.objects.get(kind="mail.send", payload__template="sessions/mail/called_off")
    assert "You asked for Morgan Mechanic alone" in called_off.payload["context"]["what_happened"]


def test_only_a_mechanic_who_is_free_has_half_an_hour(story: Story) -> None:
    story.asks_for(story.mechanic, only=True).pay()
    assert until(story) == in_minutes(30)
    assert story.wait(minutes=29, seconds=59).session.state == "requested"
    assert has_ended_alone(story.wait(seconds=1))


def test_the_rules_of_a_request_hold_while_it_is_private_and_anew_once_it_is_open(story: Story) -> None:
    story.asks_for(story.mechanic, minutes=20).pay().wait(minutes=19)
    assert story.rules() == ["request.unnoticed", "request.offer_stop"]
    story.wait(minutes=1 + 3)
    assert story.rules() == ["request.unnoticed", "request.offer_stop", "request.unnoticed"]


# Passing, and going away


def test_passing_opens_the_request_and_counts_as_no_miss(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, minutes=20).pay().wait(seconds=30).releases(story.mechanic)
    assert opened(story) == ["passed"]
    assert (sees(story.mechanic, story), sees(mechanic2, story)) == (False, True)
    story.releases(story.mechanic)  # pressed twice
    assert opened(story) == ["passed"]
    (missed,) = story.wait(minutes=3).events("request.missed")
    assert missed.data["missed"] == [str(mechanic2.id)]
    assert missed.at == in_minutes(3.5)
    with pytest.raises(Refused, match="released_before"):
        story.accept(story.mechanic)


def test_a_private_request_is_nobodys_missed_request(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, minutes=20).pay().wait(minutes=19, seconds=59)
    assert not story.events("request.missed")
    assert not MechanicProfile.objects.filter(missed_requests__gt=0).exists()


def test_passing_on_what_the_customer_wants_of_nobody_else_ends_it(story: Story) -> None:
    story.asks_for(story.mechanic, only=True, minutes=20).pay().releases(story.mechanic)
    story.releases(story.mechanic)  # pressed twice
    assert has_ended_alone(story.wait())
    with pytest.raises(Session.DoesNotExist):
        story.releases(story.mechanic)


def switches_off(mechanic: User) -> None:
    accounts.set_taking_sessions(mechanic=mechanic, taking=False, now=NOON)


def is_banned(mechanic: User) -> None:
    accounts.ban_user(user=mechanic, now=NOON)


def is_declined(mechanic: User) -> None:
    accounts.decline(profile=mechanic.mechanic_profile, by=mechanic, now=NOON)


def misses_too_much(mechanic: User) -> None:
    accounts.count_misses(mechanics=[mechanic.id], most=1, now=NOON)


def did_not_come(mechanic: User) -> None:
    accounts.switch_off(mechanic, NOON)


WAYS_TO_LEAVE = (switches_off, is_banned, is_declined, misses_too_much, did_not_come)


@pytest.mark.parametrize("leave", WAYS_TO_LEAVE)
def test_a_mechanic_who_goes_away_opens_what_waits_for_them(leave: Leave, story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, minutes=20).pay()
    leave(story.mechanic)
    run_due(story.now)
    assert opened(story) == ["away"]
    assert sees(mechanic2, story)
    run_due(story.now)
    assert opened(story) == ["away"]


@pytest.mark.parametrize("leave", WAYS_TO_LEAVE)
def test_a_mechanic_who_goes_away_ends_what_nobody_else_may_have(leave: Leave, story: Story) -> None:
    story.asks_for(story.mechanic, only=True, minutes=20).pay()
    leave(story.mechanic)
    run_due(story.now)
    assert has_ended_alone(story.wait())


def test_a_mechanic_who_is_back_at_once_keeps_the_request(story: Story) -> None:
    story.asks_for(story.mechanic, minutes=20).pay()
    for taking in (False, True):
        accounts.set_taking_sessions(mechanic=story.mechanic, taking=taking, now=NOON)
    run_due(story.now)
    assert (opened(story), until(story)) == ([], in_minutes(20))


def test_what_is_asked_of_a_mechanic_after_they_left_waits_for_them(story: Story) -> None:
    """The news that they have left is old by then."""
    switches_off(story.mechanic)
    story.asks_for(story.mechanic, minutes=20).wait(seconds=1).pay()
    run_due(story.now)
    assert (opened(story), until(story)) == ([], in_minutes(20))


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": True}])
def test_the_sweep_opens_what_waits_for_somebody_who_is_no_mechanic_any_more(
    fields: dict[str, bool], story: Story, mechanic2: User
) -> None:
    story.asks_for(story.mechanic, minutes=20).pay()
    User.objects.filter(pk=story.mechanic.pk).update(**fields)
    assert sweep(story.now) == 1
    assert opened(story) == ["away"]
    assert sweep(story.now) == 0


def test_a_mechanic_who_is_banned_before_the_payment_is_not_waited_for(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, minutes=20)
    is_banned(story.mechanic)
    story.pay().wait()
    assert len(opened(story)) == 1
    assert sees(mechanic2, story)


def test_no_person_whom_a_request_names_is_deleted(story: Story) -> None:
    story.asks_for(story.mechanic).pay()
    with pytest.raises(Exception, match="protected foreign keys"):
        User.objects.get(pk=story.mechanic.pk).delete()


# Acceptance and release


def test_the_mechanic_who_was_asked_accepts_without_taking_sessions(story: Story) -> None:
    switches_off(story.mechanic)
    story.wait(seconds=1).asks_for(story.mechanic, minutes=20).pay().accept()
    assert story.session.state == "accepted"


def test_a_request_that_was_asked_for_and_given_back_is_everybodys(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic).pay().accept().releases(story.mechanic).wait()
    assert (story.session.state, until(story)) == ("requested", None)
    assert sees(mechanic2, story)
    assert not opened(story)


def test_what_nobody_else_may_have_ends_when_it_is_given_back(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, only=True).pay().accept().releases(story.mechanic)
    assert not sees(mechanic2, story)
    assert has_ended_alone(story.wait())
    assert "released" not in story.mails()


def test_what_nobody_else_may_have_ends_when_its_mechanic_does_not_come(story: Story) -> None:
    story.asks_for(story.mechanic, only=True).pay().accept().wait(minutes=5)
    assert has_ended_alone(story)


def test_a_customer_who_asks_for_another_mechanic_has_everybody(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, only=True).pay().accept().releases(story.customer).wait(minutes=1)
    assert (story.session.state, story.session.asked_only) == ("requested", False)
    assert sees(mechanic2, story)


def test_the_customer_asks_everybody_at_any_moment(story: Story, mechanic2: User) -> None:
    story.asks_for(story.mechanic, only=True, minutes=20).pay().releases(story.customer, "asked_everybody")
    assert opened(story) == ["asked_everybody"]
    story.releases(story.customer, "asked_everybody")
    assert opened(story) == ["asked_everybody"]
    assert sees(mechanic2, story)
    assert story.wait(minutes=30).facts()["reason"] == "unattended"  # as long as they were told before


def test_what_is_pressed_too_late_releases_nobody(story: Story) -> None:
    story.asks_for(story.mechanic).pay().accept()
    story.releases(story.customer, "asked_everybody").releases(story.mechanic, "passed")
    assert (story.session.state, story.session.mechanic) == ("accepted", story.mechanic)


def test_support_assigns_a_private_request_to_its_mechanic_alone(story: Story, mechanic2: User, support: User) -> None:
    story.asks_for(story.mechanic, minutes=20).pay()
    facts: dict[str, Any] = {"session_id": story.id, "by": support, "reason": "They wait", "now": story.now}
    with pytest.raises(Refused, match="not_free") as refused:
        support_actions.assign(mechanic_id=mechanic2.id, **facts)
    assert "The customer asked for another mechanic" in refused.value.detail
    assert support_actions.assign(mechanic_id=story.mechanic.id, **facts).mechanic == story.mechanic


# What others can tell from the outside


def test_a_private_request_is_in_nobodys_queue_and_count(story: Story, stranger: User, mechanic2: User) -> None:
    story.asks_for(story.mechanic, minutes=20).pay().wait(seconds=1)
    other = Story(stranger, story.mechanic).wait(seconds=2).pay()
    assert request_queue.queue_position(other.id) == 1
    assert request_queue.queue_position(story.id) is None
    assert list(eligibility.requests_open_to(mechanic2)) == [other.session]
    assert list(eligibility.requests_open_to(story.mechanic)) == [story.session, other.session]


@pytest.mark.parametrize("end", ["accepted", "cancelled", "expired"])
def test_a_request_that_was_private_to_its_end_was_never_there_for_others(
    end: str, story: Story, mechanic2: User
) -> None:
    story.asks_for(story.mechanic, only=True).pay()
    match end:
        case "accepted":
            story.accept()
        case "cancelled":
            story.cancels()
        case "expired":
            story.wait(minutes=30)
    assert story.session.state == end
    with pytest.raises(Session.DoesNotExist):
        story.accept(mechanic2)


def test_the_times_that_can_be_picked_lie_on_the_clock_and_within_the_rules() -> None:
    now = NOON + timedelta(minutes=2, seconds=11)
    found = private_requests.choices(now)
    assert [moment - NOON for moment in found] == [timedelta(minutes=minutes) for minutes in (10, 15, 20, 25, 30)]
    assert all(private_requests.is_choice(moment, now) for moment in found)
    assert not private_requests.is_choice(now, now)
    assert not private_requests.is_choice(now + timedelta(minutes=31), now)


def test_a_mechanic_stands_as_a_customer_reads_it(story: Story, stranger: User, mechanic2: User) -> None:
    assert availability(story.mechanic, NOON) is Availability.FREE
    Story(stranger, story.mechanic).pay().accept()
    assert availability(story.mechanic, NOON) is Availability.BUSY
    switches_off(mechanic2)
    assert availability(mechanic2, NOON) is Availability.AWAY


# News of a return


def wishes() -> list[User]:
    return [favorite.mechanic for favorite in Favorite.objects.filter(tell_until__isnull=False)]


def test_only_a_mechanic_who_is_not_free_makes_news_of_their_return(story: Story) -> None:
    switches_off(story.mechanic)
    story.wait(seconds=1).asks_for(story.mechanic, only=True, minutes=20).pay()
    assert wishes() == [story.mechanic]
    story.accept()
    assert not wishes()  # they have met


def test_a_mechanic_who_was_free_and_goes_makes_news_of_their_return(story: Story) -> None:
    story.asks_for(story.mechanic, only=True).pay()
    assert not wishes()
    switches_off(story.mechanic)
    run_due(story.now)
    assert has_ended_alone(story.wait())
    assert wishes() == [story.mechanic]


def test_a_full_list_of_favorites_keeps_no_request_from_its_end(
    story: Story, mechanic2: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autodoctor.accounts.favorites.MOST", 1)
    Favorite.objects.create(customer=story.customer, mechanic=mechanic2, added_at=NOON)
    switches_off(story.mechanic)
    story.wait(seconds=1).asks_for(story.mechanic, only=True, minutes=20).pay().wait(minutes=20)
    assert has_ended_alone(story)
