"""Every deadline fires at its minute, not earlier, and once."""

import pytest

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.sweep import monitor, sweep
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.models import Participant
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db


def test_an_unpaid_draft_is_cancelled_five_minutes_after_the_latest_checkout(story: Story) -> None:
    story.wait(minutes=34, seconds=59)
    assert story.session.state == "draft"
    story.wait(seconds=1)
    assert story.facts() == {"state": "cancelled", "reason": "unpaid", "due": 0}


def test_a_later_checkout_prolongs_the_draft(story: Story) -> None:
    story.wait(minutes=20)
    later = story.now.replace(hour=13, minute=0)
    transitions.extend_payable_until(session_id=story.id, until=later, now=story.now)
    story.wait(minutes=44, seconds=59)
    assert story.session.state == "draft"
    story.wait(seconds=1)
    assert story.session.state == "cancelled"


def test_a_request_that_nobody_accepts_expires_after_its_deadlines(story: Story) -> None:
    story.pay().wait(minutes=2, seconds=59)
    assert story.rules() == []
    story.wait(seconds=1)
    assert story.rules() == ["request.unnoticed"]
    story.wait(minutes=7)
    assert story.rules() == ["request.unnoticed", "request.offer_stop"]
    assert "offer_stop" in story.mails()
    story.wait(minutes=9, seconds=59)
    assert story.session.state == "requested"
    story.wait(seconds=1)
    assert story.facts() == {"state": "expired", "reason": "unattended", "due": 0}


def test_a_mechanic_who_never_opens_the_page_is_nudged_then_freed(story: Story, mechanic: User) -> None:
    story.pay().accept().wait(minutes=3)
    assert [event.audience for event in story.events("nudge.mechanic")] == ["mechanic"]
    story.wait(minutes=1, seconds=59)
    assert story.session.state == "accepted"
    story.wait(seconds=1)
    session = story.session
    assert (session.state, session.mechanic_id) == ("requested", None)
    assert not MechanicProfile.objects.get(user=mechanic).taking_sessions
    assert Participant.objects.get(session=session, user=mechanic).release_reason == "mechanic_absent"


def test_a_released_request_can_be_taken_by_another_but_not_again_by_the_same(
    story: Story, mechanic: User, mechanic2: User
) -> None:
    story.pay().accept().wait(minutes=5)
    with pytest.raises(Refused, match="released_before"):
        story.accept(mechanic)
    story.accept(mechanic2)
    assert story.session.mechanic_id == mechanic2.id


def test_after_a_release_the_request_waits_ten_more_minutes_at_least(story: Story, mechanic: User) -> None:
    story.pay().wait(minutes=19)
    story.accept().wait(minutes=5)
    assert story.minutes_since_noon(story.session.unattended_at) == 34
    story.wait(minutes=10)
    assert story.facts() == {"state": "expired", "reason": "unattended", "due": 0}


def test_a_customer_who_never_comes_is_nudged_twice_and_pays_half(story: Story, mechanic: User) -> None:
    story.pay().accept().join(mechanic).wait(minutes=2)
    assert story.rules() == ["customer.nudge"]
    story.wait(minutes=3)
    assert story.rules() == ["customer.nudge", "customer.second_nudge"]
    story.wait(minutes=4, seconds=59)
    assert story.session.state == "accepted"
    story.wait(seconds=1)
    assert story.facts() == {"state": "expired", "reason": "customer_no_show", "due": 499}


def test_a_customer_who_is_there_is_no_no_show_when_the_mechanic_is_not(story: Story, customer: User) -> None:
    story.pay().accept().join(customer).wait(minutes=5)
    assert story.session.state == "requested"
    assert story.rules() == ["mechanic.nudge"]


def test_a_mechanic_who_does_not_start_is_freed_after_ten_minutes(story: Story) -> None:
    story.pay().accept().join().wait(minutes=1)
    assert [event.data["sound"] for event in story.events("nudge.mechanic")] == [True]
    story.wait(minutes=1)
    assert story.rules() == ["start.sound", "start.alert"]
    story.wait(minutes=7, seconds=59)
    assert story.session.state == "waiting"
    story.wait(seconds=1)
    assert story.session.state == "requested"


def test_a_session_not_live_45_minutes_after_payment_never_started(story: Story, mechanic2: User) -> None:
    story.pay().wait(minutes=15)
    story.accept().join().wait(minutes=10)
    story.wait(minutes=9).accept(mechanic2)
    story.join(mechanic2)
    assert story.session.state == "waiting"
    story.wait(minutes=9)
    story.leave(mechanic2).wait(minutes=1, seconds=59)
    assert story.session.state == "accepted"
    story.wait(seconds=1)
    assert story.facts() == {"state": "expired", "reason": "never_started", "due": 0}


def test_warnings_and_the_end_come_to_the_second(story: Story) -> None:
    story.live().wait(minutes=24, seconds=59)
    assert story.rules() == []
    story.wait(seconds=1)
    assert [event.data["seconds_left"] for event in story.events("session.warned")] == [300]
    story.wait(minutes=4)
    assert story.rules() == ["session.warn_first", "session.warn_last"]
    story.wait(seconds=59)
    assert story.session.state == "live"
    story.wait(seconds=1)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert story.session.ended_at == story.session.ends_at


def test_after_an_outage_a_deadline_is_acted_on_at_once_and_recorded_at_its_moment(story: Story) -> None:
    story.pay().outage(minutes=180)
    assert story.facts() == {"state": "expired", "reason": "unattended", "due": 0}
    assert story.minutes_since_noon(story.session.ended_at) == 20
    before = story.session.seq
    story.outage(minutes=60)
    assert story.session.seq == before


def test_a_mechanic_without_a_summary_is_reminded_twice_and_support_told(story: Story) -> None:
    story.live().wait(minutes=30).wait(minutes=30)
    assert story.rules()[2:] == ["summary.reminder"]
    story.wait(minutes=60 * 48)
    assert story.rules()[2:] == ["summary.reminder", "summary.second_reminder", "summary.alert"]
    assert story.mails()[-2:] == ["summary_reminder", "summary_overdue"]


def test_the_sweep_restores_missing_deadlines_and_counts_them(story: Story) -> None:
    story.pay()
    Job.objects.filter(key=str(story.id)).delete()
    assert sweep(story.now) == 1
    assert sweep(story.now) == 0
    story.wait(minutes=20)
    assert story.session.state == "expired"


@pytest.mark.django_db(transaction=True)
def test_the_sweep_alone_acts_on_every_deadline_when_the_scheduler_is_stopped(story: Story, mechanic: User) -> None:
    story.pay().accept()
    Job.objects.all().delete()
    answer = monitor(NOON.replace(minute=3)).as_answer()
    assert answer == {
        "success": True, "nudgedMechanics": 1, "alertedSupport": 0, "autoClosedSessions": 0, "repaired": 1,
    }  # fmt: skip
    assert monitor(NOON.replace(minute=3)).as_answer()["nudgedMechanics"] == 0
    assert monitor(NOON.replace(minute=4)).as_answer()["repaired"] == 0
    monitor(NOON.replace(minute=50))
    assert story.session.state == "expired"


def test_a_parked_deadline_is_set_again_by_the_sweep(story: Story) -> None:
    story.pay()
    Job.objects.filter(kind="request.unattended").update(parked_at=story.now)
    assert sweep(story.now) == 1
    assert not Job.objects.filter(kind="request.unattended", parked_at__isnull=False).exists()
