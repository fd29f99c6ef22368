"""The device check of a call: its report, the limit on reports, and the price of chat instead."""

from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.sessions.lifecycle import endings, preflight, releases, transitions
from autodoctor.sessions.lifecycle.preflight import Checkup
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules import settlement
from autodoctor.sessions.states import EventKind
from autodoctor.sessions.tests.story import Story

VIDEO = transitions.PlanTerms(
    slug="video",
    name="Standard Video",
    kind="video",
    seconds=45 * 60,
    price_cents=2999,
    chat_price_cents=999,
    chat_seconds=30 * 60,
)


@pytest.fixture
def story(customer: User, mechanic: User) -> Story:
    return Story(customer, mechanic, VIDEO)


def checkup(mode: str = "video", **failed: str) -> Checkup:
    checks = dict.fromkeys(("camera", "microphone", "speaker", "network"), "passed") | failed
    return Checkup(mode, checks, {"rtt_ms": 40.0, "jitter_ms": 3.0, "loss_percent": None, "up_kbit": 4000.0})


def report(story: Story, by: User, mode: str = "video", **failed: str) -> Session:
    return preflight.report_preflight(session_id=story.id, by=by, checkup=checkup(mode, **failed), now=story.now)


def reported(story: Story) -> list[dict[str, Any]]:
    return [event.data for event in story.events(EventKind.PREFLIGHT_REPORTED)]


def test_both_participants_see_which_check_fails(story: Story) -> None:
    report(story.pay().accept(), story.customer, camera="failed")
    (event,) = story.events(EventKind.PREFLIGHT_REPORTED)
    assert (event.audience, event.actor_role) == ("both", "customer")
    assert event.data == {
        "mode": "video",
        "checks": {"camera": "failed", "microphone": "passed", "speaker": "passed", "network": "passed"},
        "network": {"rtt_ms": 40.0, "jitter_ms": 3.0, "loss_percent": None, "up_kbit": 4000.0},
        "passed": False,
    }


def test_whether_a_preflight_passed_is_derived_from_its_checks(story: Story) -> None:
    story.pay().accept()
    report(story, story.customer)
    report(story.wait(seconds=2), story.mechanic, speaker="skipped")
    assert [data["passed"] for data in reported(story)] == [True, False]


def test_a_repeated_preflight_report_is_logged_once(story: Story) -> None:
    story.pay().accept()
    for _ in range(3):
        report(story, story.customer, camera="failed")
    assert len(reported(story)) == 1


def test_the_last_preflight_report_of_each_participant_counts(story: Story) -> None:
    report(story.pay().accept(), story.customer, camera="failed")
    report(story, story.mechanic)
    report(story.wait(seconds=5), story.customer, "audio", camera="failed")
    found = preflight.checkups(story.session)
    assert (found["customer"]["mode"], found["mechanic"]["mode"]) == ("audio", "video")


def test_the_preflight_report_of_a_released_mechanic_is_not_the_next_ones(story: Story, mechanic2: User) -> None:
    report(story.pay().accept(), story.mechanic, camera="failed")
    releases.release_request(session_id=story.id, by=story.mechanic, reason="no_time", now=story.now)
    story.accept(mechanic2)
    assert preflight.checkups(story.session) == {}


def test_the_number_of_preflight_reports_is_limited(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    report(story.pay().accept(), story.customer, camera="failed")
    monkeypatch.setattr(preflight, "MAX_REPORTS", 2)
    report(story.wait(seconds=2), story.customer, microphone="failed")
    with pytest.raises(Refused, match="too_many"):
        report(story.wait(seconds=60), story.customer)
    report(story, story.mechanic)  # each has their own
    assert len(reported(story)) == 3


def test_only_participants_report_a_check(story: Story, stranger: User, support: User) -> None:
    story.pay().accept()
    with pytest.raises(Session.DoesNotExist):
        report(story, stranger)
    with pytest.raises(Refused) as refused:
        report(story, support)
    assert refused.value.status == 403


def test_a_preflight_report_is_refused_before_the_acceptance_and_after_the_end(story: Story) -> None:
    for moment in (story.pay, lambda: story.accept().join().connect().start().end(story.customer)):
        moment()
        with pytest.raises(Refused) as refused:
            report(story, story.customer, camera="failed")
        assert refused.value.code == "session_closed"


def test_a_chat_takes_no_preflight_report(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic).pay().accept()
    report(story, customer, "chat", camera="failed")
    assert reported(story) == []
    assert settlement.agreed_cents(story.session) == 999


# Chat instead


def test_chat_before_the_start_costs_and_lasts_what_a_chat_does(story: Story) -> None:
    story.pay().accept()
    report(story, story.customer, "chat", camera="failed", microphone="failed")
    assert story.session.kind == "chat"
    assert story.session.granted_seconds == 30 * 60
    (said,) = reported(story)
    assert said["session"]["kind"] == "chat"  # the pages follow it
    story.join().start().wait(minutes=30)
    assert story.facts() == {"state": "completed", "reason": "time_up", "due": 999}


@pytest.mark.parametrize(
    ("minutes", "ends", "due"),
    [(9, "customer", 999), (9, "mechanic", 299), (0, "nobody came", 499)],
)
def test_every_charge_of_a_call_turned_chat_is_a_share_of_the_chat_price(
    story: Story, minutes: int, ends: str, due: int
) -> None:
    story.pay().accept()
    report(story, story.customer, "chat", network="failed")
    if ends == "nobody came":
        story.join(story.mechanic).wait(minutes=11)
        assert story.session.end_reason == "customer_no_show"
    else:
        story.join().start().wait(minutes=minutes)
        story.end(story.customer if ends == "customer" else story.mechanic)
    if ends == "mechanic":
        endings.answer_solved(session_id=story.id, by=story.customer, solved=False, now=story.now)
    assert story.payment.due_cents == due


def test_canceling_a_call_turned_chat_late_costs_half_of_the_chat_price(story: Story) -> None:
    story.pay().accept()
    report(story, story.customer, "chat", network="failed")
    story.join(story.mechanic).wait(minutes=2)
    assert settlement.late_cancel_cents(story.session) == 499
    endings.cancel_session(session_id=story.id, by=story.customer, now=story.now)
    assert story.payment.due_cents == 499


def test_an_extension_is_paid_as_it_was_bought(story: Story) -> None:
    from autodoctor.sessions.tests.test_settlement import ended, parts

    payments = parts((2999, 2700), (1499, 900))
    session = ended("time_up", granted=3600, used=3600)
    session.kind, session.chat_price_cents, session.price_cents = "chat", 999, 2999
    assert list(settlement.amounts_due(session, payments).values()) == [999, 1499]


def test_a_call_cannot_become_a_chat_after_its_start(story: Story) -> None:
    report(story.live(), story.customer, "chat", camera="failed")
    assert (story.session.kind, settlement.agreed_cents(story.session)) == ("video", 2999)


def test_only_the_customer_can_turn_a_call_into_a_chat(story: Story) -> None:
    story.pay().accept()
    with pytest.raises(Refused) as refused:
        report(story, story.mechanic, "chat", camera="failed")
    assert refused.value.status == 403
    assert story.session.kind == "video"


def test_a_call_that_became_a_chat_does_not_pause_for_lost_media(story: Story) -> None:
    story.pay().accept().join().hears(story.customer).hears(story.mechanic, False)
    report(story, story.customer, "chat", network="failed")
    story.start().wait(minutes=1)
    assert story.session.paused_at is None
    story.leave(story.mechanic).wait(seconds=5)
    assert story.session.state == "reconnecting"


def test_a_session_stays_a_chat_with_the_next_mechanic(story: Story, mechanic2: User) -> None:
    report(story.pay().accept(), story.customer, "chat", camera="failed")
    releases.release_request(session_id=story.id, by=story.customer, reason="no_answer", now=story.now)
    story.accept(mechanic2)
    assert (story.session.kind, settlement.agreed_cents(story.session)) == ("chat", 999)


def test_a_call_with_audio_or_photos_only_costs_what_was_booked(story: Story) -> None:
    story.pay().accept()
    report(story, story.customer, "photos", network="failed")
    story.join().connect().start().wait(minutes=45)
    assert story.payment.due_cents == 2999


# A participant with an open page is no no-show


def test_minutes_spent_on_a_blocked_camera_are_no_absence(story: Story) -> None:
    from autodoctor.sessions.models import Connection

    story.pay().accept().join(story.mechanic)
    Connection.objects.create(
        process=story.process, session_id=story.id, user=story.customer, role="customer", opened_at=story.now
    )
    for minute in range(4):
        report(
            story.wait(minutes=3), story.customer, **{"camera": "failed"} if minute % 2 else {"microphone": "failed"}
        )
    assert story.session.state == "accepted"
    assert story.rules() == ["preflight.failing"]  # support gets an alert, and no participant a nudge
    story.leave(story.customer).wait(minutes=10)
    assert story.session.end_reason == "customer_no_show"
