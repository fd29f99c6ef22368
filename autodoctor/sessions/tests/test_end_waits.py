"""The end comes while more time is being paid: it waits for that once, and only for that."""

from datetime import timedelta

import pytest

from autodoctor.accounts.models import User
from autodoctor.payments.models import Payment
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import extensions
from autodoctor.sessions.tests.story import Story
from autodoctor.sessions.tests.test_extensions import due, now_of, refusal

pytestmark = pytest.mark.django_db
State = Payment.State


def test_the_end_of_a_session_waits_once_for_an_open_extension(story: Story) -> None:
    story.live().wait(minutes=29)
    payment = story.ask()
    story.wait(minutes=1)
    session = story.session
    assert (session.state, story.minutes_since_noon(session.hold_until)) == ("live", 32)
    (told,) = story.events("session.held")
    assert (told.audience, told.data["session"]["hold_until"]) == ("both", "2026-03-02T12:32:00.000Z")
    story.wait(minutes=1.9)
    assert story.session.state == "live"
    story.wait(minutes=0.1)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert story.minutes_since_noon(story.session.ended_at) == 32
    assert len(story.events("session.held")) == 1
    assert (now_of(payment).due_cents, now_of(payment).state) == (0, State.CREATED)
    assert Job.objects.filter(kind="payment.close", key=str(payment.id)).exists()


def test_a_session_goes_on_when_an_extension_is_paid_while_the_end_waits(story: Story) -> None:
    story.live().wait(minutes=29)
    payment = story.ask()
    story.wait(minutes=2).hold(payment).extend(payment)
    assert (story.session.hold_until, story.minutes_since_noon(story.session.ends_at)) == (None, 45)
    story.wait(minutes=14)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert due(story) == {"booking": 999, "+15": 1499}


def test_without_an_extension_the_end_does_not_wait(story: Story) -> None:
    assert story.live().wait(minutes=30).session.state == "completed"


def test_the_end_waits_for_an_extension_that_is_held_but_not_given_yet(story: Story) -> None:
    story.live().wait(minutes=29)
    payment = story.ask()
    story.hold(payment).wait(minutes=1)
    assert story.session.hold_until is not None
    story.extend(payment)
    assert story.minutes_since_noon(story.session.ends_at) == 45


def test_an_extension_held_while_the_end_waits_is_given_however_late_its_news_is(story: Story) -> None:
    """The queue is behind: at the end of the wait the bank's answer is written, and has had no consequences yet."""
    story.live().wait(minutes=29)
    payment = story.ask()
    story.wait(minutes=2).hold(payment).wait(minutes=1)
    assert (story.session.state, story.session.hold_until) == ("live", None)
    story.extend(payment)
    assert (story.minutes_since_noon(story.session.ends_at), len(story.events("session.extended"))) == (45, 1)
    story.wait(minutes=13)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert due(story) == {"booking": 999, "+15": 1499}


def test_an_extension_held_while_the_end_waits_is_not_lost_with_the_mechanic(story: Story) -> None:
    story.live().wait(minutes=29)
    payment = story.ask()
    story.wait(minutes=1.5).leave(story.mechanic).hold(payment).wait(seconds=10)
    assert (story.session.state, story.session.pause_cause) == ("reconnecting", "mechanic")
    story.wait(minutes=6)
    assert story.facts() == {"state": "completed", "reason": "mechanic_lost", "due": 999}
    assert due(story) == {"booking": 999, "+15": 1499 * 30 // 900}


def test_canceling_the_payment_ends_the_wait(story: Story) -> None:
    story.live().wait(minutes=29)
    payment = story.ask()
    story.wait(minutes=1.5)
    extensions.cancel_extension(session_id=story.id, by=story.customer, payment_id=payment.id, now=story.now)
    story.wait()
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert story.minutes_since_noon(story.session.ended_at) == 30.5


def test_no_new_extension_can_be_asked_for_while_the_end_waits(story: Story) -> None:
    story.live().wait(minutes=29)
    payment = story.ask()
    story.wait(minutes=1.5)
    extensions.cancel_extension(session_id=story.id, by=story.customer, payment_id=payment.id, now=story.now)
    Payment.objects.filter(id=payment.id).update(state=State.FAILED)
    assert refusal(story.ask) == ("session_closed", 409)


def test_a_pause_while_the_end_waits_moves_the_end(story: Story) -> None:
    story.live().wait(minutes=29)
    story.ask()
    story.wait(minutes=2).leave(story.customer).wait(minutes=3).join(story.customer)
    assert story.minutes_since_noon(story.session.hold_until) == 35
    story.wait(minutes=1)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}


@pytest.mark.parametrize("paused", [False, True])
def test_a_mechanic_who_leaves_while_the_end_waits_has_given_all_the_time(story: Story, paused: bool) -> None:
    story.live().wait(minutes=29)
    payment = story.ask()
    story.wait(minutes=1.5)
    if paused:
        story.leave(story.customer).wait(seconds=20)
    story.leave(story.mechanic).wait(seconds=20)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert len(story.events("participant.left")) == paused  # only the customer's
    assert now_of(payment).due_cents == 0


def test_a_mechanic_whose_page_reloads_while_the_end_waits_does_not_end_it(story: Story) -> None:
    story.live().wait(minutes=29)
    story.ask()
    story.wait(minutes=1.5).leave(story.mechanic)
    story.now += timedelta(seconds=1)
    story.join(story.mechanic)
    assert (story.session.state, story.minutes_since_noon(story.session.hold_until)) == ("live", 32)


@pytest.mark.parametrize("who", ["customer", "mechanic"])
def test_either_may_end_while_the_end_waits_and_the_customer_is_not_asked(
    story: Story, who: str, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=29)
    story.ask()
    story.wait(minutes=1.5).end(customer if who == "customer" else mechanic)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}
    assert story.session.solved is None


def test_a_mechanic_who_was_gone_counts_before_an_open_payment(story: Story) -> None:
    story.live().wait(minutes=29.95)
    story.ask()
    story.leave(story.mechanic).wait(seconds=4)
    assert (story.session.hold_until, story.session.state) == (None, "reconnecting")


@pytest.mark.parametrize("reason", ["customer", "mechanic"])
def test_an_extension_paid_after_an_end_by_hand_is_released(
    story: Story, reason: str, customer: User, mechanic: User
) -> None:
    payment = story.live().ask()
    story.end(customer if reason == "customer" else mechanic)
    assert now_of(payment).due_cents == 0
    story.hold(payment).extend(payment)
    assert (story.session.granted_seconds, now_of(payment).granted_at) == (30 * 60, None)


def test_an_extension_held_in_the_moment_of_the_end_is_released(story: Story, customer: User) -> None:
    """The bank authorized the extension, and the session ended before the news arrived."""
    payment = story.live().ask()
    story.hold(payment).end(customer).extend(payment)
    assert now_of(payment).due_cents == 0
    assert Job.objects.filter(kind="payment.release", key=str(payment.id)).exists()
    assert due(story) == {"booking": 999, "+15": 0}
