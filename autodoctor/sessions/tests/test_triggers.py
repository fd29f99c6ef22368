"""Triggers: the moment from which a rule counts, by presence and clock; without table and scheduler."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.lifecycle import fair_clock
from autodoctor.sessions.lifecycle.endings import answer_solved
from autodoctor.sessions.lifecycle.summaries import submit_summary
from autodoctor.sessions.lifecycle.transitions import PlanTerms
from autodoctor.sessions.models import Participant, Session
from autodoctor.sessions.record.participants import ParticipantState, SessionState
from autodoctor.sessions.rules import triggers
from autodoctor.sessions.tests.story import NOON, Story
from autodoctor.sessions.tests.test_rules import fails_the_check

VIDEO = PlanTerms(slug="video", name="Standard Video", kind="video", seconds=45 * 60, price_cents=2999)
HERE: dict[str, Any] = {"present": True}
DEAF: dict[str, Any] = {"present": True, "receiving": False}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def situation(
    *, customer: dict[str, Any] | None = None, mechanic: dict[str, Any] | None = None, **session: Any
) -> SessionState:
    """Return a session's state. `customer` and `mechanic`: their last recorded presence; None: not a participant."""

    def seat(role: str, part: dict[str, Any] | None) -> ParticipantState:
        return ParticipantState(role, None if part is None else Participant(role=role, **part))

    return SessionState(Session(**session), seat("customer", customer), seat("mechanic", mechanic))


@pytest.mark.parametrize(
    ("clock", "gone", "given"),
    [
        ({"ends_at": at(30)}, at(31), False),  # no rule waits
        ({"ends_at": at(30), "hold_until": at(32)}, at(30), True),
        ({"ends_at": at(30), "hold_until": at(32)}, at(29.9), False),
        ({"ends_at": at(30), "hold_until": at(32), "paused_at": at(30)}, at(31), True),
        ({"ends_at": at(30), "hold_until": at(32), "paused_at": at(29)}, at(31), False),
        ({"ends_at": at(30), "hold_until": at(32), "paused_at": at(31)}, at(29), False),
        ({"hold_until": at(32)}, at(31), False),
    ],
)
def test_no_time_is_left_while_the_end_waits_for_a_payment(clock: dict[str, Any], gone: datetime, given: bool) -> None:
    assert triggers.all_time_given(Session(**clock), gone) is given


@pytest.mark.parametrize(
    ("state", "since"),
    [
        (situation(clock_at=at(1), customer=DEAF | {"receiving_at": at(5)}, mechanic=HERE), at(5)),
        (situation(clock_at=at(1), customer=HERE, mechanic=DEAF | {"receiving_at": at(5)}), at(5)),
        (
            situation(clock_at=at(1), customer=DEAF | {"receiving_at": at(6)}, mechanic=DEAF | {"receiving_at": at(5)}),
            at(5),
        ),
        (situation(clock_at=at(9), customer=DEAF | {"receiving_at": at(5)}, mechanic=HERE), at(9)),
        (situation(clock_at=at(1), customer=DEAF, mechanic=HERE), None),
        (situation(clock_at=at(1), customer=HERE | {"receiving_at": at(5)}, mechanic=HERE), None),
        (situation(clock_at=at(1), customer=HERE | {"receiving": True, "receiving_at": at(5)}, mechanic=HERE), None),
        (situation(clock_at=at(1), customer=DEAF | {"receiving_at": at(5)}, mechanic={}), None),
        (situation(clock_at=at(1), customer=DEAF | {"receiving_at": at(5)}), None),
        (situation(clock_at=None, customer=DEAF | {"receiving_at": at(5)}, mechanic=HERE), None),
    ],
)
def test_media_are_lost_from_the_first_loss_on_while_both_are_in(state: SessionState, since: datetime | None) -> None:
    assert triggers.media_lost_since(state) == since


WAITS: dict[str, Any] = {"paused_at": at(5), "pause_cause": "mechanic"}


@pytest.mark.parametrize(
    ("state", "since"),
    [
        (situation(**WAITS, mechanic={"missed_at": at(6)}), at(6)),
        (situation(**WAITS, mechanic={"missed_at": at(4)}), at(5)),
        (situation(**WAITS, mechanic=HERE | {"missed_at": at(6)}), None),
        (situation(**WAITS, mechanic={}), None),
        (situation(**WAITS), None),
        (situation(paused_at=None, pause_cause="mechanic", mechanic={"missed_at": at(6)}), None),
        (situation(paused_at=at(5), pause_cause="customer", mechanic={"missed_at": at(6)}), None),
    ],
)
def test_the_customer_waits_for_a_mechanic_who_is_gone(state: SessionState, since: datetime | None) -> None:
    assert triggers.mechanic_lost_since(state) == since


@pytest.mark.parametrize(
    ("customer", "since"),
    [({"missed_at": at(6)}, at(6)), (HERE | {"missed_at": at(6)}, None), ({}, None), (None, None)],
)
def test_a_customer_is_lost_from_when_it_was_noticed(customer: dict[str, Any] | None, since: datetime | None) -> None:
    assert triggers.CUSTOMER_LOST.of(situation(customer=customer)) == since


@pytest.mark.parametrize(
    ("customer", "mechanic", "since"),
    [
        ({"failing_since": at(3)}, {}, at(3)),
        ({}, {"failing_since": at(3)}, at(3)),
        ({"failing_since": at(4)}, {"failing_since": at(3)}, at(3)),
        ({"failing_since": at(3)}, None, at(3)),
        (HERE | {"failing_since": at(3)}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_failing_check_counts_only_for_a_participant_who_has_not_joined(
    customer: dict[str, Any], mechanic: dict[str, Any] | None, since: datetime | None
) -> None:
    checked = situation(kind="video", customer=customer, mechanic=mechanic)
    assert triggers.PREFLIGHT_FAILING.of(checked) == since
    assert triggers.PREFLIGHT_FAILING.of(situation(kind="chat", customer=customer, mechanic=mechanic)) is None


# The clock


@pytest.mark.parametrize("clock", [{"ends_at": at(30)}, {"paused_at": at(5)}, {}])
def test_only_a_paused_session_is_resumed(clock: dict[str, Any]) -> None:
    session = Session(pause_cause="mechanic", **clock)
    fair_clock.resume_clock(session, at(6))
    assert session.pause_cause == "mechanic"
    assert {name: getattr(session, name) for name in clock} == clock


@pytest.mark.parametrize(("clock_at", "paused_at"), [(None, at(5)), (at(4), at(5)), (at(6), at(6))])
def test_a_pause_never_begins_before_the_clock_was_set(clock_at: datetime | None, paused_at: datetime) -> None:
    session = Session(clock_at=clock_at)
    fair_clock.pause_clock(session, "customer", at(5))
    assert (session.paused_at, session.pause_cause) == (paused_at, "customer")


@pytest.mark.django_db
def test_a_used_up_pause_no_longer_stops_the_clock(story: Story, customer: User) -> None:
    story.live().leave(customer).wait(minutes=4).join(customer).wait(minutes=1).leave(customer).wait(minutes=1)
    assert (story.session.state, story.session.lenient_seconds_used) == ("reconnecting", 180)
    assert len(story.events("session.paused")) == 1


# In a session


@pytest.mark.django_db
def test_a_no_show_counts_from_when_the_last_page_closed(story: Story, customer: User, mechanic: User) -> None:
    story.pay().accept().wait(minutes=1).join(customer).wait(minutes=2).leave(customer).wait(minutes=1).join(mechanic)
    story.wait(minutes=8, seconds=59)
    assert story.session.state == "accepted"
    story.wait(seconds=1)
    assert (story.session.end_reason, story.minutes_since_noon(story.session.ended_at)) == ("customer_no_show", 13)


@pytest.mark.django_db
def test_a_customer_who_leaves_while_the_end_waits_is_noticed_though_the_mechanic_goes_too(story: Story) -> None:
    story.live().wait(minutes=29)
    story.ask()
    story.wait(minutes=1.5).leave(story.customer).wait(seconds=4).leave(story.mechanic).wait(seconds=20)
    assert [event.actor_role for event in story.events("participant.left")] == ["customer"]


@pytest.mark.django_db
def test_media_missing_from_an_absent_participant_raise_no_alert(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic, VIDEO).live().leave(customer).hears(mechanic, False).wait(minutes=1)
    assert "media.none" not in story.rules()


@pytest.mark.django_db
def test_lost_media_pause_once_and_from_the_first_loss(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic, VIDEO).live().hears(customer, False).wait(seconds=4).hears(mechanic, False)
    story.wait(seconds=6)
    assert story.session.paused_at == NOON
    assert len(story.wait(minutes=1).events("session.paused")) == 1


@pytest.mark.django_db
def test_a_failing_check_of_the_mechanic_raises_an_alert(customer: User, mechanic: User) -> None:
    story = fails_the_check(Story(customer, mechanic, VIDEO).pay().accept(), mechanic).wait(seconds=181)
    assert "preflight.failing" in story.rules()


@pytest.mark.django_db
def test_a_written_summary_needs_no_reminder(story: Story, mechanic: User) -> None:
    story.live().end(story.customer)
    submit_summary(session_id=story.id, by=mechanic, now=story.now, data=SummaryData(safe="yes", parts=1, photos=0))
    assert not [rule for rule in story.wait(minutes=60 * 49).rules() if rule.startswith("summary.")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("end", "decided"),
    [
        (lambda story: story.end(story.customer), 0),
        (lambda story: story.end(story.mechanic), 1),
        (
            lambda story: answer_solved(
                session_id=story.end(story.mechanic).id, by=story.customer, solved=False, now=story.now
            ),
            1,
        ),
    ],
    ids=["by the customer", "by the mechanic, who is believed", "by the mechanic, and answered"],
)
def test_the_charge_of_an_early_end_is_decided_once(story: Story, end: Callable[[Story], object], decided: int) -> None:
    end(story.live().wait(minutes=15))
    assert len(story.wait(minutes=60 * 25).events("payment.decided")) == decided
