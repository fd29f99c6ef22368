"""Transitions: permissions, states, repetitions and charges."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import endings, releases, support_actions, transitions
from autodoctor.sessions.models import Session
from autodoctor.sessions.queries import eligibility, request_queue
from autodoctor.sessions.record import event_log
from autodoctor.sessions.states import InvalidTransition
from autodoctor.sessions.tests.story import NOON, Story

pytestmark = pytest.mark.django_db


def test_a_session_goes_from_draft_to_completed_with_its_events_and_mails(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=12).end(customer)
    assert story.facts() == {"state": "completed", "reason": "ended_by_customer", "due": 999}
    kinds = list(story.session.events.order_by("seq").values_list("kind", flat=True))
    assert kinds == [
        "session.requested", "session.accepted", "participant.joined", "participant.joined", "session.waiting",
        "session.started", "session.ended",
    ]  # fmt: skip
    assert story.mails() == ["requested", "accepted", "completed"]


def test_the_log_has_no_gaps_and_session_events_carry_the_whole_session(story: Story, customer: User) -> None:
    story.live().wait(minutes=12).end(customer)
    events = list(story.session.events.order_by("seq"))
    assert [event.seq for event in events] == list(range(1, story.session.seq + 1))
    for event in events:
        if event.kind.startswith("session."):
            assert event.data["session"]["id"] == str(story.id)
    assert events[-1].data["session"] == story.session.payload()


def test_a_repeated_action_returns_the_present_state(story: Story, customer: User, mechanic: User) -> None:
    story.live()
    before = story.session.seq
    story.accept().join().start()
    assert story.session.seq == before
    story.end(customer).end(mechanic).end(customer)
    assert story.session.seq == before + 1
    assert story.session.end_reason == "ended_by_customer"


def test_starting_again_never_restarts_the_clock(story: Story) -> None:
    story.live()
    ends_at = story.session.ends_at
    story.wait(minutes=3).start()
    assert story.session.ends_at == ends_at


def test_ending_a_session_cancels_its_deadlines(story: Story, customer: User) -> None:
    story.live().end(customer)
    left = set(Job.objects.filter(key=str(story.id)).values_list("kind", flat=True))
    assert left == {"summary.reminder", "summary.second_reminder", "summary.alert"}


@pytest.mark.parametrize(
    "action",
    [releases.release_request, transitions.start_session, endings.end_session, endings.cancel_session],
)
def test_actions_of_a_stranger_on_a_session_find_no_session(
    story: Story, stranger: User, mechanic2: User, action: Callable[..., object]
) -> None:
    story.pay().accept().join()
    extra = {"reason": "x"} if action is releases.release_request else {}
    for person in (stranger, mechanic2):
        with pytest.raises(Session.DoesNotExist):
            action(session_id=story.id, by=person, now=story.now, **extra)


def test_a_stranger_cannot_join_or_accept(story: Story, stranger: User) -> None:
    story.pay()
    with pytest.raises(Session.DoesNotExist):
        transitions.join_session(session_id=story.id, now=story.now, user=stranger)
    with pytest.raises(Session.DoesNotExist):
        transitions.accept_request(session_id=story.id, now=story.now, mechanic=stranger)


def test_only_the_mechanic_starts_a_session_and_only_once_both_are_in(
    story: Story, customer: User, mechanic: User
) -> None:
    story.pay().accept().join(mechanic)
    with pytest.raises(InvalidTransition):
        story.start()
    story.join(customer)
    with pytest.raises(Refused, match="not_the_mechanic"):
        transitions.start_session(session_id=story.id, by=customer, now=story.now)


def test_only_payment_makes_a_draft_a_request(story: Story, customer: User, support: User) -> None:
    for release, person in ((releases.release_request, customer), (support_actions.release, support)):
        with pytest.raises(InvalidTransition):
            release(session_id=story.id, by=person, reason="free", now=story.now)
    assert story.session.state == "draft"


def test_a_released_mechanic_no_longer_finds_the_session(story: Story, mechanic: User, mechanic2: User) -> None:
    story.pay().accept()
    releases.release_request(session_id=story.id, by=mechanic, reason="no", now=story.now)
    story.accept(mechanic2)
    with pytest.raises(Session.DoesNotExist):
        releases.release_request(session_id=story.id, by=mechanic, reason="again", now=story.now)


def test_a_draft_cannot_be_accepted_joined_or_ended(story: Story, customer: User, mechanic: User) -> None:
    with pytest.raises(Session.DoesNotExist):
        story.accept()
    with pytest.raises(InvalidTransition):
        story.join(customer)
    with pytest.raises(InvalidTransition):
        story.end(customer)


def test_a_session_does_not_change_after_its_end(story: Story, customer: User, mechanic: User) -> None:
    story.live().end(customer)
    for refused in (
        lambda: story.join(customer),
        story.start,
        lambda: endings.cancel_session(session_id=story.id, by=customer, now=story.now),
        lambda: releases.release_request(session_id=story.id, by=mechanic, reason="no", now=story.now),
    ):
        with pytest.raises(InvalidTransition):
            refused()


def test_a_mechanic_holds_one_session_at_a_time(story: Story, customer: User, mechanic: User) -> None:
    other = Story(customer, mechanic).pay()
    story.pay().accept()
    with pytest.raises(Refused, match="already_in_session"):
        other.accept()
    assert other.session.state == "requested"
    assert other.session.seq == 1


def test_an_applicant_cannot_accept(story: Story, stranger: User) -> None:
    MechanicProfile.objects.create(user=stranger, headline="h", years_experience=1, skills="s")
    story.pay()
    with pytest.raises(Session.DoesNotExist):
        story.accept(stranger)


def test_a_given_back_request_goes_to_the_front(story: Story, customer: User, stranger: User, mechanic: User) -> None:
    story.pay().wait(minutes=1)
    earlier = Story(stranger, mechanic).pay()
    Session.objects.filter(pk=earlier.id).update(requested_at=NOON - timedelta(minutes=5))
    assert request_queue.queue_position(story.id) == 2
    story.accept()
    releases.release_request(session_id=story.id, by=mechanic, reason="Not my engine", now=story.now)
    assert request_queue.queue_position(story.id) == 1
    assert story.id not in eligibility.requests_open_to(mechanic).values_list("id", flat=True)
    assert MechanicProfile.objects.get(user=mechanic).taking_sessions  # only a deadline switches it off
    before = story.session.seq
    releases.release_request(session_id=story.id, by=mechanic, reason="again", now=story.now)
    assert story.session.seq == before


@pytest.mark.parametrize(
    ("steps", "reason", "due"),
    [
        ([], "cancelled_by_customer", 0),
        (["accept"], "cancelled_by_customer", 0),
        (["accept", "mechanic in"], "cancelled_by_customer", 0),
        (["accept", "mechanic in", "2 min"], "cancelled_late", 499),
        (["accept", "mechanic in", "2 min", "customer in"], "cancelled_late", 499),
        (["accept", "mechanic in", "2 min", "mechanic away"], "cancelled_late", 499),
        (["accept", "mechanic in", "1 min", "mechanic away", "1 min", "mechanic in"], "cancelled_by_customer", 0),
        (["accept", "mechanic in", "1 min", "mechanic away", "mechanic in", "1 min"], "cancelled_late", 499),
        (["accept", "mechanic in", "2 min", "given back"], "cancelled_by_customer", 0),
        (["accept", "mechanic in", "2 min", "taken away"], "cancelled_by_customer", 0),
        (["accept", "mechanic in", "1 min", "sent back"], "cancelled_by_customer", 0),
        (["accept", "mechanic in", "2 min", "sent back"], "cancelled_late", 499),
        (["accept", "mechanic in", "2 min", "sent back", "other", "given back by other"], "cancelled_late", 499),
    ],
)
def test_canceling_costs_half_once_a_mechanics_time_was_spent(
    story: Story,
    customer: User,
    mechanic: User,
    mechanic2: User,
    support: User,
    steps: list[str],
    reason: str,
    due: int,
) -> None:
    """Whoever is in when the customer stops; nothing is due where support or the mechanic ended the work."""

    def release(by: User) -> Session:
        return releases.release_request(session_id=story.id, by=by, reason="no", now=story.now)

    story.pay()
    moves: dict[str, Callable[[], object]] = {
        "accept": story.accept,
        "mechanic in": lambda: story.join(mechanic),
        "customer in": lambda: story.join(customer),
        "mechanic away": lambda: story.leave(mechanic),
        "1 min": lambda: story.wait(minutes=1),
        "2 min": lambda: story.wait(minutes=2),
        "given back": lambda: release(mechanic),
        "taken away": lambda: support_actions.release(session_id=story.id, by=support, reason="no", now=story.now),
        "sent back": lambda: release(customer),
        "other": lambda: transitions.accept_request(session_id=story.id, mechanic=mechanic2, now=story.now),
        "given back by other": lambda: release(mechanic2),
    }
    for step in steps:
        moves[step]()
    endings.cancel_session(session_id=story.id, by=customer, now=story.now)
    assert story.facts() == {"state": "cancelled", "reason": reason, "due": due}


def test_a_cancellation_that_has_become_dearer_than_its_button_said_does_nothing(
    story: Story, customer: User, mechanic: User
) -> None:
    story.pay().accept().join(mechanic).wait(minutes=2)
    with pytest.raises(endings.PriceGrew) as refused:
        endings.cancel_session(session_id=story.id, by=customer, shown_cents=0, now=story.now)
    assert (refused.value.status, refused.value.as_error()["cents"]) == (409, 499)
    assert story.session.state == "accepted"
    endings.cancel_session(session_id=story.id, by=customer, shown_cents=499, now=story.now)
    assert story.facts() == {"state": "cancelled", "reason": "cancelled_late", "due": 499}


def test_an_end_that_was_shown_as_the_used_share_is_not_the_full_price(story: Story, customer: User) -> None:
    story.live().wait(minutes=15)
    with pytest.raises(endings.PriceGrew):
        endings.end_session(session_id=story.id, by=customer, shown_cents=499, now=story.now)
    assert story.session.state == "live"


def test_a_used_share_may_grow_by_a_minute_of_the_clock_between_page_and_press(
    story: Story, customer: User, mechanic: User
) -> None:
    story.live().wait(minutes=14).leave(mechanic).wait(minutes=2).join(mechanic).wait(minutes=1)
    shown = 999 * 14 // 30
    with pytest.raises(endings.PriceGrew):
        endings.end_session(session_id=story.id, by=customer, shown_cents=shown - 1, now=story.now)
    endings.end_session(session_id=story.id, by=customer, shown_cents=shown, now=story.now)
    assert story.facts()["due"] == 999 * 15 // 30


def test_an_answer_that_has_become_dearer_does_nothing(story: Story, customer: User, mechanic: User) -> None:
    story.live().wait(minutes=10).end(mechanic)
    with pytest.raises(endings.PriceGrew):
        endings.answer_solved(session_id=story.id, by=customer, solved=True, shown_cents=333, now=story.now)
    assert story.session.solved is None


@pytest.mark.parametrize(("solved", "due"), [(True, 999), (False, 333)])
def test_when_the_mechanic_ends_early_the_customer_is_asked(
    story: Story, customer: User, mechanic: User, solved: bool, due: int
) -> None:
    story.live().wait(minutes=10).end(mechanic)
    assert story.facts() == {"state": "completed", "reason": "ended_by_mechanic", "due": None}
    endings.answer_solved(session_id=story.id, by=customer, solved=solved, now=story.now)
    assert story.payment.due_cents == due
    endings.answer_solved(session_id=story.id, by=customer, solved=not solved, now=story.now)
    assert (story.session.solved, story.payment.due_cents) == (solved, due)


def test_a_customer_who_does_not_answer_in_a_day_counts_as_solved(story: Story, mechanic: User) -> None:
    story.live().wait(minutes=10).end(mechanic).wait(minutes=24 * 60 - 1)
    assert story.payment.due_cents is None
    story.wait(minutes=1)
    assert story.session.solved
    assert story.payment.due_cents == 999


def test_a_payment_that_comes_after_the_draft_was_cancelled_admits_nobody(story: Story) -> None:
    story.wait(minutes=35)
    transitions.admit_request(session_id=story.id, now=story.now)
    assert story.facts() == {"state": "cancelled", "reason": "unpaid", "due": 0}


def test_support_reads_alerts_and_nobody_else(story: Story) -> None:
    story.pay().wait(minutes=3)
    assert "alert.support" in [event.kind for event in event_log.read_events(story.id, after=0, viewer="support")]
    for viewer in ("customer", "mechanic"):
        assert "alert.support" not in [event.kind for event in event_log.read_events(story.id, after=0, viewer=viewer)]


@pytest.mark.django_db(transaction=True)
def test_of_fifty_mechanics_who_accept_a_request_at_once_one_gets_it(story: Story) -> None:
    story.pay()
    mechanics = []
    for number in range(10):
        user = User.objects.create_user(f"m{number}@example.com", None, name=f"M{number}")
        profile = {"years_experience": 1, "state": "approved", "taking_sessions": True}
        MechanicProfile.objects.create(user=user, headline="h", skills="s", **profile)
        mechanics.append(user)
    outcomes: list[str] = []

    def attempt(mechanic: User) -> None:
        try:
            story.accept(mechanic)
            outcomes.append("taken")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    attempts = [threading.Thread(target=attempt, args=(mechanics[n % 10],)) for n in range(50)]
    for thread in attempts:
        thread.start()
    for thread in attempts:
        thread.join()
    winner = story.session.mechanic
    assert winner in mechanics
    assert set(outcomes) == {"taken", "already_taken"}
    assert len(story.events("session.accepted")) == 1
