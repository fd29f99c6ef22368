"""The fair clock: no charge for absent time, and no minute given twice."""

from datetime import timedelta

import pytest

from autodoctor.accounts.models import User
from autodoctor.sessions.lifecycle import fair_clock, transitions
from autodoctor.sessions.models import Connection, Session
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db


def test_a_missing_mechanic_pauses_from_the_last_sign_of_life(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=10).leave(mechanic).wait(seconds=4)
    assert story.session.state == "live"
    story.wait(seconds=1)
    session = story.session
    assert (session.state, session.pause_cause) == ("reconnecting", "mechanic")
    assert story.minutes_since_noon(session.paused_at) == 10
    story.wait(seconds=55).join(mechanic)
    session = story.session
    assert (session.state, session.paused_at) == ("live", None)
    assert story.minutes_since_noon(session.ends_at) == 31


def test_a_return_is_told_as_the_absence_was(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=5).leave(mechanic).wait(seconds=30).join(mechanic)
    assert [event.kind for event in story.events("session.paused", "session.resumed")] == [
        "session.paused",
        "session.resumed",
    ]


def test_a_reload_of_the_mechanic_pauses_nothing_and_logs_nothing(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=10)
    before = story.session.seq
    story.leave(mechanic).wait(seconds=3).join(mechanic).wait(seconds=10)
    assert (story.session.state, story.session.seq) == ("live", before)


def test_five_minutes_without_the_mechanic_end_a_session_for_the_used_share(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=10).leave(mechanic).wait(minutes=5, seconds=4)
    assert story.session.state == "reconnecting"
    assert story.rules() == ["mechanic.lost_offer"]
    story.wait(seconds=1)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 333}


def test_after_a_minute_without_the_mechanic_the_customer_may_end_and_pays_the_used_share(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=15).leave(mechanic).wait(minutes=1, seconds=5).end(customer)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}


@pytest.mark.parametrize(
    ("absences", "used"),
    [
        ([50], False),
        ([70], True),
        ([50, 10], True),
        ([10, 10], True),
        ([50, 50, 50, 50], True),
        ([3, 3, 3], False),  # a reload is no absence
    ],
)
def test_the_used_share_is_offered_after_a_minute_or_a_second_drop_and_stays_offered(
    story: Story, customer: User, mechanic: User, absences: list[int], used: bool
) -> None:
    story.live()
    for seconds in absences:
        story.wait(seconds=2).leave(mechanic).wait(seconds=seconds).join(mechanic)
    story.wait(minutes=15).end(customer)
    ran = 15 * 60 + 2 * len(absences)
    assert story.facts() == {
        "state": "completed",
        "reason": "ended_by_customer",
        "due": 999 * ran // 1800 if used else 999,
    }


def test_at_the_second_drop_the_customer_is_told_at_once_and_may_end(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=15).leave(mechanic).wait(seconds=20).join(mechanic)
    story.leave(mechanic).wait(seconds=6)
    assert "mechanic.lost_offer" in story.rules()
    story.end(customer)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 499}


def test_two_restarts_of_the_server_are_no_drops_of_the_mechanic(story: Story, customer: User, mechanic: User) -> None:
    story.live()
    for _ in range(2):
        story.wait(minutes=5).crash()
        story.now += timedelta(seconds=20)
        story.join(customer, mechanic)
    story.end(customer)
    assert story.facts() == {"state": "completed", "reason": "ended_by_customer", "due": 999}


def test_an_offer_does_not_make_the_full_time_cheaper(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=5).leave(mechanic).wait(minutes=2).join(mechanic).wait(minutes=26)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}


def test_a_missing_customer_pauses_for_three_minutes_in_all(story: Story, customer: User) -> None:
    story.live().wait(minutes=5).leave(customer).wait(minutes=2).join(customer)
    assert story.minutes_since_noon(story.session.ends_at) == 32
    story.wait(minutes=5).leave(customer).wait(minutes=1)
    session = story.session
    assert (session.state, session.paused_at) == ("reconnecting", None)
    assert story.minutes_since_noon(session.ends_at) == 33
    story.wait(minutes=4).join(customer)
    assert story.session.state == "live"
    assert story.minutes_since_noon(story.session.ends_at) == 33
    story.wait(minutes=60)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}


def test_a_customer_who_stays_away_is_billed_and_the_mechanic_may_end(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=1).leave(customer).wait(minutes=10, seconds=5)
    assert story.rules() == ["customer.lost_offer"]
    story.end(mechanic)
    assert story.facts() == {"state": "completed", "reason": "customer_lost", "due": 999}


def test_the_participant_who_left_first_decides_the_pause_when_both_are_missing(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=5).leave(customer).wait(minutes=1).leave(mechanic).wait(minutes=4)
    session = story.session
    assert (session.pause_cause, session.paused_at) == ("", None)
    assert story.minutes_since_noon(session.ends_at) == 33
    story.join(mechanic).join(customer)
    assert story.session.state == "live"


def test_the_mechanic_gone_first_pauses_however_long_the_customer_is_gone_too(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=5).leave(mechanic).wait(seconds=30).leave(customer).wait(minutes=4)
    assert story.session.pause_cause == "mechanic"
    story.join(customer).join(mechanic)
    assert story.minutes_since_noon(story.session.ends_at) == 34.5


def test_a_pause_whose_cause_changes_counts_no_second_twice(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=5).leave(customer).wait(minutes=1).leave(mechanic).wait(minutes=1).join(customer)
    assert story.session.pause_cause == "mechanic"
    story.wait(minutes=2).join(mechanic)
    session = story.session
    assert story.minutes_since_noon(session.ends_at) == 34  # two minutes of the customer's, two of the mechanic's
    assert session.lenient_seconds_used == 120


def test_the_offer_of_the_used_share_stands_from_the_second_drop_on() -> None:
    session, since = Session(), []
    for minute in range(3):
        fair_clock.count_drop(session, NOON + timedelta(minutes=minute))
        since.append(session.used_share_from)
    assert since == [None, NOON + timedelta(minutes=1), NOON + timedelta(minutes=1)]


def test_an_outage_that_disconnects_both_counts_as_the_mechanics_absence(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=5).leave(customer).leave(mechanic).wait(minutes=1)
    session = story.session
    assert (session.pause_cause, session.lenient_seconds_used) == ("mechanic", 0)
    assert story.minutes_since_noon(session.paused_at) == 5
    assert [event.kind for event in story.events("session.paused", "session.resumed")] == ["session.paused"]


def test_participants_back_before_their_absence_was_noticed_lose_no_time(
    story: Story, customer: User, mechanic: User
) -> None:
    """The server was down for three minutes, and the browsers were quicker than the clock."""
    story.live().wait(minutes=5).crash()
    story.now += timedelta(minutes=3)
    story.join(customer)
    story.now += timedelta(seconds=2)
    story.join(mechanic).wait(seconds=30)
    session = story.session
    assert (session.state, session.paused_at) == ("live", None)
    assert story.minutes_since_noon(session.ends_at) == pytest.approx(33 + 2 / 60)


def test_a_page_that_joined_and_was_gone_at_once_is_noticed(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=5).leave(mechanic).wait(seconds=2)
    transitions.join_session(session_id=story.id, user=mechanic, now=story.now)  # handled after its page had closed
    story.wait(seconds=5)
    assert story.session.state == "reconnecting"


def test_the_first_of_two_pages_to_close_changes_nothing(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=5).join(mechanic)
    page = Connection.objects.filter(user=mechanic).first()
    assert page is not None
    page.delete()
    transitions.record_page_closed(session_id=story.id, user_id=mechanic.id, at=story.now, now=story.now)
    story.wait(minutes=1)
    assert story.session.state == "live"


def test_a_customer_who_returns_to_nobody_waits_five_minutes_and_pays_for_what_ran(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=5).leave(customer).wait(minutes=1).leave(mechanic).wait(minutes=10).join(customer)
    assert story.session.pause_cause == "mechanic"
    story.wait(minutes=4, seconds=59)
    assert story.session.state == "reconnecting"
    story.wait(seconds=1)
    ran = 5 + 8  # minutes: three of the customer's ten were paused
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 999 * ran // 30}


def test_an_end_that_finds_the_mechanic_gone_pauses_instead(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=29, seconds=58).leave(mechanic).wait(seconds=2)
    session = story.session
    assert (session.state, session.pause_cause) == ("reconnecting", "mechanic")
    story.wait(minutes=1).join(mechanic).wait(seconds=1)
    assert story.session.state == "live"
    story.wait(seconds=1)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}


def test_a_session_with_many_pauses_ends_after_three_hours(story: Story, mechanic: User) -> None:
    story.live()
    rounds = 0
    while story.session.state == "live":
        rounds += 1
        story.wait(minutes=0.4).leave(mechanic).wait(minutes=4)
        if story.session.state == "reconnecting":
            story.join(mechanic)
    assert story.session.end_reason == "exceeded_3h_limit"
    assert story.minutes_since_noon(story.session.ended_at) == 180
    assert story.payment.due_cents == 999 * rounds * 24 // 1800  # 24 seconds a round were given


def test_a_pause_after_the_warning_does_not_warn_again(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=26).leave(mechanic).wait(minutes=1).join(mechanic).wait(minutes=4)
    assert story.rules() == ["session.warn_first", "session.warn_last"]


def flaps(story: Story, *people: User, times: int) -> None:
    """Away for 50 seconds, back for two, again and again."""
    for _ in range(times):
        for person in people:
            story.leave(person)
        story.wait(seconds=50)
        for person in people:
            story.join(person)
        story.wait(seconds=2)


def test_who_flaps_as_a_mechanic_is_paid_for_the_seconds_of_presence(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=5)
    flaps(story, mechanic, times=20)
    assert story.minutes_since_noon(story.session.ends_at) == pytest.approx(30 + 20 * 50 / 60)
    story.end(customer)
    assert story.facts()["due"] == 999 * (300 + 20 * 2) // 1800
    assert settlement.used_seconds(story.session) == 300 + 20 * 2


def test_who_flaps_as_a_customer_gains_three_minutes_and_no_more(story: Story, customer: User) -> None:
    story.live().wait(minutes=5)
    flaps(story, customer, times=31)
    story.wait(minutes=5)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert story.minutes_since_noon(story.session.ended_at) == 33
    assert settlement.used_seconds(story.session) == 1800


def test_while_both_flap_nobody_pays_for_or_gains_time(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=5)
    flaps(story, mechanic, customer, times=20)
    session = story.session
    assert session.lenient_seconds_used <= 180
    given_back = 20 * 50 / 60
    assert story.minutes_since_noon(session.ends_at) == pytest.approx(30 + given_back)
    story.end(customer)
    assert settlement.used_seconds(story.session) == 300 + 20 * 2
