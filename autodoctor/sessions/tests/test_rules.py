"""Every rule of the table fires at its second, not earlier, and once; also by the sweep alone, without the scheduler.

`CASES` holds for each rule the steps to its trigger, and the seconds until it fires.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from autodoctor.accounts.models import User
from autodoctor.payments.models import Payment
from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.sweep import monitor, sweep
from autodoctor.sessions.lifecycle import extensions, preflight, substitutes
from autodoctor.sessions.lifecycle.preflight import Checkup
from autodoctor.sessions.lifecycle.transitions import PlanTerms
from autodoctor.sessions.models import Connection, SessionEvent
from autodoctor.sessions.rules.rule import CancelUnstarted, Channel, CompleteSession, ReleaseMechanic, Tell
from autodoctor.sessions.rules.table import DEADLINES, RULES, rule_of_kind
from autodoctor.sessions.tests.story import CHAT, Story

pytestmark = pytest.mark.django_db
VIDEO = PlanTerms(slug="video", name="Standard Video", kind="video", seconds=45 * 60, price_cents=2999)
LONG = PlanTerms(slug="chat", name="Quick Chat", kind="chat", seconds=4 * 60 * 60, price_cents=999)
FAILING = {"camera": "failed", "microphone": "passed", "speaker": "passed", "network": "passed"}
HOUR = 60 * 60


def kinds(kind: str) -> Callable[[Story], int]:
    return lambda story: len(story.events(kind))


@dataclass(frozen=True)
class Case:
    """`come`: to where it begins to count. `seconds` from there; `times`: how often it fired, where no row says so."""

    come: Callable[[Story], object]
    seconds: float
    terms: PlanTerms = CHAT
    times: Callable[[Story], int] | None = None


def fails_the_check(story: Story, person: User | None = None, mode: str = "video") -> Story:
    checkup = Checkup(mode=mode, checks=FAILING, network={})
    preflight.report_preflight(session_id=story.id, by=person or story.customer, checkup=checkup, now=story.now)
    return story


def opens_the_page(story: Story, person: User) -> Story:
    """Open the page without joining."""
    Connection.objects.create(
        process=story.process, session_id=story.id, user=person, role="mechanic", joined=False, opened_at=story.now
    )
    return story


def is_declined(story: Story, payment: Payment) -> Story:
    Payment.objects.filter(id=payment.id).update(decline_code="card_declined")
    extensions.notify_extension_pending(session_id=story.id, payment_id=payment.id, now=story.now)
    return story


def declined_twice(story: Story) -> None:
    payment = story.live().ask()
    is_declined(story, payment).wait(seconds=20)
    assert not story.events("alert.support")
    is_declined(story, payment)


def nearly_never_starts(story: Story) -> None:
    """38 minutes after the payment: given back once, and both are in again."""
    other = User.objects.get(email="mechanic2@example.com")
    story.pay().wait(minutes=19).accept().join().wait(minutes=19).accept(other).join(other)


def asks(story: Story) -> Story:
    return story.live().end(story.customer).summarize().asks("Is it the clamp?")


def hands_over(story: Story) -> Story:
    story.live()
    substitutes.ask_for_substitute(session_id=story.id, by=story.mechanic, note="A coil", now=story.now)
    return story


CASES: dict[str, Case] = {
    "session.unpaid": Case(lambda s: s.wait(minutes=30), 300),
    "request.private_over": Case(lambda s: s.asks_for(s.mechanic).pay(), 120, times=kinds("session.opened")),
    "request.unnoticed": Case(Story.pay, 180),
    "request.missed": Case(Story.pay, 180),
    "request.offer_stop": Case(Story.pay, 600),
    "request.unattended": Case(Story.pay, 1200),
    "session.never_started": Case(nearly_never_starts, 7 * 60),
    "mechanic.nudge": Case(lambda s: s.pay().accept(), 180),
    "mechanic.absent": Case(lambda s: s.pay().accept(), 300),
    "mechanic.not_in": Case(lambda s: opens_the_page(s.pay().accept(), s.mechanic), 600),
    "customer.nudge": Case(lambda s: s.pay().accept().join(s.mechanic), 120),
    "customer.second_nudge": Case(lambda s: s.pay().accept().join(s.mechanic), 300),
    "customer.no_show": Case(lambda s: s.pay().accept().join(s.mechanic), 600),
    "preflight.failing": Case(lambda s: fails_the_check(s.pay().accept().join(s.mechanic)), 180, VIDEO),
    "start.sound": Case(lambda s: s.pay().accept().join(), 60),
    "start.alert": Case(lambda s: s.pay().accept().join(), 120),
    "start.release": Case(lambda s: s.pay().accept().join(), 600, times=kinds("session.released")),
    "mechanic.missing": Case(lambda s: s.live().leave(s.mechanic), 5, times=kinds("participant.left")),
    "customer.missing": Case(lambda s: s.live().leave(s.customer), 5, times=kinds("participant.left")),
    "media.lost": Case(lambda s: s.live().hears(s.customer, False), 10, VIDEO, times=kinds("session.paused")),
    "media.none": Case(lambda s: s.live().hears(s.customer, False), 30, VIDEO),
    "drop.second": Case(
        lambda s: s.live().leave(s.customer).wait(seconds=9).join(s.customer).wait(seconds=9).leave(s.customer), 5
    ),
    "card.declined_twice": Case(declined_twice, 0),
    "session.warn_first": Case(Story.live, 25 * 60),
    "session.warn_last": Case(Story.live, 29 * 60),
    "session.time_up": Case(Story.live, 30 * 60, times=kinds("session.ended")),
    "session.cap": Case(Story.live, 3 * HOUR, LONG),
    "clock.pause_spent": Case(
        lambda s: s.live().leave(s.customer).wait(seconds=10), 170, times=kinds("session.resumed")
    ),
    "mechanic.lost_offer": Case(lambda s: s.live().leave(s.mechanic).wait(seconds=5), 60),
    "mechanic.lost": Case(lambda s: s.live().leave(s.mechanic).wait(seconds=5), 300),
    "substitute.needed": Case(hands_over, 0),
    "substitute.not_in": Case(
        lambda s: hands_over(s).accept(User.objects.get(email="mechanic2@example.com")),
        120,
        times=lambda s: len(s.events("session.handing_over")) - 1,
    ),
    "substitute.none": Case(hands_over, 600),
    "customer.lost_offer": Case(lambda s: s.live().leave(s.customer).wait(seconds=5), 600),
    "session.ended_early": Case(lambda s: s.live().end(s.mechanic), 0),
    "session.solved": Case(lambda s: s.live().end(s.mechanic), 24 * HOUR, times=kinds("payment.decided")),
    "summary.reminder": Case(lambda s: s.live().end(s.customer), 30 * 60),
    "summary.second_reminder": Case(lambda s: s.live().end(s.customer), 24 * HOUR),
    "summary.alert": Case(lambda s: s.live().end(s.customer), 48 * HOUR),
    "question.reminder": Case(asks, 12 * HOUR),
    "question.second_reminder": Case(asks, 36 * HOUR),
    "question.close": Case(asks, 48 * HOUR, times=kinds("question.closed")),
    "follow_up.ask": Case(lambda s: s.live().end(s.customer).summarize(), 7 * 24 * HOUR),
}


def fired(story: Story, kind: str) -> int:
    """Count how often this rule has fired."""
    does, session = DEADLINES[kind].does, story.session
    if isinstance(does, Tell):
        return SessionEvent.objects.filter(session_id=story.id, rule=kind).count()
    if isinstance(does, CancelUnstarted | CompleteSession):
        return int(session.end_reason == does.reason)
    if isinstance(does, ReleaseMechanic):
        return session.participants.filter(release_reason=does.reason).count()
    times = CASES[kind].times
    assert times, f"{kind}: say how it shows"
    return times(story)


@pytest.fixture
def story_of(customer: User, mechanic: User, mechanic2: User) -> Callable[[str], Story]:
    def begin(kind: str) -> Story:
        story = Story(customer, mechanic, CASES[kind].terms)
        CASES[kind].come(story)
        return story

    return begin


def test_every_rule_has_its_case() -> None:
    assert set(CASES) == set(DEADLINES)


@pytest.mark.parametrize("kind", CASES)
def test_a_rule_fires_at_its_second_and_once(kind: str, story_of: Callable[[str], Story]) -> None:
    story, seconds = story_of(kind), CASES[kind].seconds
    if seconds:
        story.wait(seconds=seconds - 1)
        assert fired(story, kind) == 0
        story.wait(seconds=1)
    else:
        story.wait()
    assert fired(story, kind) == 1
    story.wait(seconds=30)
    sweep(story.now)
    assert fired(story.wait(), kind) == 1


@pytest.mark.parametrize("kind", CASES)
def test_the_sweep_alone_fires_every_rule_when_the_scheduler_is_stopped(
    kind: str, story_of: Callable[[str], Story]
) -> None:
    story, seconds = story_of(kind), CASES[kind].seconds

    def look(after: float) -> int:
        Job.objects.filter(kind__in=DEADLINES).delete()
        story.now += timedelta(seconds=after)
        monitor(story.now)
        return fired(story, kind)

    if seconds:
        assert look(seconds - 1) == 0
    assert look(min(seconds, 1)) == 1
    assert look(0) == 1
    assert look(5) == 1


@pytest.mark.parametrize("kind", [kind for kind, rule in RULES.items() if isinstance(rule.does, Tell)])
def test_a_rule_that_notifies_declares_whom_and_how(kind: str) -> None:
    does = RULES[kind].does
    assert isinstance(does, Tell)
    expected = {"alert.support": "support", "request.missed": "support", "session.warned": "both"}
    assert does.audience == expected.get(does.kind, does.kind.removeprefix("nudge."))
    assert (Channel.DESK in does.channels) == (does.audience == "support")
    assert (Channel.MAIL in does.channels) == (bool(does.mail) or kind == "request.missed")


@pytest.mark.parametrize("kind", [kind for kind, rule in DEADLINES.items() if rule.leads_to])
def test_a_rule_leads_where_its_row_says(kind: str, story_of: Callable[[str], Story]) -> None:
    story = story_of(kind).wait(seconds=CASES[kind].seconds)
    assert story.session.state == DEADLINES[kind].leads_to


def test_the_log_stores_the_documented_fields_of_a_rule(story: Story) -> None:
    story.pay().accept().wait(minutes=3)
    (nudge,) = story.events("nudge.mechanic")
    assert nudge.data == {
        "rule": "mechanic.nudge",
        "minutes": 3.0,
        "session_id": str(story.id),
        "mechanic": str(story.mechanic.id),
        "customer": str(story.customer.id),
    }


def test_a_rule_has_words_and_one_of_another_release_its_name() -> None:
    assert rule_of_kind("media.none") == "No sound and picture"
    assert rule_of_kind("of.tomorrow") == "of.tomorrow"


# The rule stops when its cause is gone


def test_a_preflight_check_that_passes_in_time_raises_no_alert(customer: User, mechanic: User) -> None:
    story = fails_the_check(Story(customer, mechanic, VIDEO).pay().accept()).wait(seconds=170)
    checkup = Checkup(mode="video", checks=dict.fromkeys(FAILING, "passed"), network={})
    preflight.report_preflight(session_id=story.id, by=customer, checkup=checkup, now=story.now)
    assert "preflight.failing" not in story.wait(seconds=60).rules()


def test_choosing_a_lesser_way_ends_the_alert_of_a_failed_check(customer: User, mechanic: User) -> None:
    story = fails_the_check(Story(customer, mechanic, VIDEO).pay().accept()).wait(seconds=170)
    assert "preflight.failing" not in fails_the_check(story, mode="audio").wait(seconds=60).rules()


def test_the_rule_of_a_failing_preflight_counts_from_the_first_failure(customer: User, mechanic: User) -> None:
    story = fails_the_check(Story(customer, mechanic, VIDEO).pay().accept().join(mechanic)).wait(seconds=100)
    checks = {**FAILING, "network": "failed"}
    preflight.report_preflight(
        session_id=story.id, by=customer, checkup=Checkup(mode="video", checks=checks, network={}), now=story.now
    )
    assert "preflight.failing" not in story.wait(seconds=79).rules()
    assert "preflight.failing" in story.wait(seconds=1).rules()


def test_media_that_come_back_in_time_raise_no_alert(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic, VIDEO).live().hears(customer, False).wait(seconds=29).hears(customer)
    assert "media.none" not in story.wait(minutes=2).rules()


def test_media_lost_again_raise_another_alert(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic, VIDEO).live()
    for _ in range(2):
        story.hears(customer, False).wait(seconds=31).hears(customer).wait(seconds=31)
    assert story.rules().count("media.none") == 2


def test_a_single_drop_and_early_closings_raise_no_alert(customer: User, mechanic: User) -> None:
    story = Story(customer, mechanic).pay().accept().join()
    for _ in range(2):
        story.leave(customer).wait(seconds=9).join(customer).wait(seconds=1)
    story.start().leave(customer).wait(seconds=9).join(customer).wait(seconds=30)
    assert "drop.second" not in story.rules()


def test_a_single_decline_raises_no_alert(story: Story) -> None:
    assert not is_declined(story, story.live().ask()).wait(minutes=1).events("alert.support")
