"""Any order of steps, drops and outages: the session never gets stuck, and time and money stay right."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from autodoctor.scheduler.models import Job
from autodoctor.sessions.jobs.sweep import sweep
from autodoctor.sessions.rules import schedule, settlement
from autodoctor.sessions.rules.table import DEADLINES
from autodoctor.sessions.states import TERMINAL
from autodoctor.sessions.tests import bill
from autodoctor.sessions.tests.machine import Course
from tests.kit.examples import examples


class Machine(Course):
    """The bank is played: it says yes at once, and the news of it comes when it likes."""

    def it_is_over(self) -> None:
        self.no_news_is_lost()

    @rule(kinds=st.sets(st.sampled_from(sorted(DEADLINES))))
    def the_clock_forgets_and_the_sweep_mends(self, kinds: set[str]) -> None:
        Job.objects.filter(key=str(self.story.id), kind__in=kinds).delete()
        sweep(self.story.now)
        assert sweep(self.story.now) == 0

    @invariant()
    def no_open_session_is_without_a_way_out(self) -> None:
        ahead = schedule.scheduled_deadlines([self.story.id])[self.story.id]
        ways_out = [kind for kind in ahead if DEADLINES[kind].certain and DEADLINES[kind].leads_to]
        assert ways_out or self.session.state in TERMINAL

    @rule(minutes=st.sampled_from([15, 30, 60]))
    def ask_for_more(self, minutes: int) -> None:
        with suppress(*self.refusals):
            self.story.ask(minutes, cents=minutes * 99)

    @precondition(lambda self: self.open_extension() is not None)
    @rule(told=st.sampled_from(["at once", "twice", "later"]))
    def the_bank_agrees(self, told: str) -> None:
        """The news of it comes at once, twice, or with `the_news_comes`: out of order, after the end, or never."""
        payment = self.open_extension()
        assert payment
        self.story.hold(payment)
        for _ in range({"at once": 1, "twice": 2, "later": 0}[told]):
            self.story.extend(payment)

    @rule()
    def no_news_is_lost(self) -> None:
        """Deliver pending payment news, and repeat old news."""
        for payment in self.payments():
            if payment.purpose == "extension" and payment.state == "authorised":
                self.story.extend(payment)

    @invariant()
    def what_is_due_follows_the_table(self) -> None:
        session, payments = self.session, self.paid
        decided = [payment for payment in payments if payment.due_cents is not None]
        if self.booking.due_cents is not None:
            assert session.state in TERMINAL
        expected = bill.captured(session, payments) if session.state in TERMINAL else {}
        for payment in decided:
            held = payment.state == "authorised"
            assert payment.due_cents == (expected.get(str(payment.id), 0) if held else 0)
            self.happened[f"{bill.SHARES.get(session.end_reason, 'answer')} is due"] += 1

    @invariant()
    def no_more_is_charged_than_was_held_and_no_more_earned_than_charged(self) -> None:
        charged = [payment.due_cents or 0 for payment in self.paid if payment.state == "authorised"]
        assert all(0 <= (p.due_cents or 0) <= p.amount_cents for p in self.paid)
        assert settlement.mechanic_share_cents(sum(charged)) * 100 <= sum(charged) * 70


def wait(*, minutes: int) -> Callable[[Machine], object]:
    return lambda machine: machine.wait(seconds=minutes * 60)


def go(steps: int) -> Callable[[Machine], object]:
    return lambda machine: machine.get_going(steps=steps)


LIVE = go(4)
SCRIPTS: dict[str, tuple[list[Callable[[Machine], object]], set[str]]] = {
    "nobody pays": ([], {"nothing is due"}),
    "no mechanic comes": ([go(1)], {"session.requested", "session.expired", "nothing is due"}),
    "the customer does not come": (
        [go(2), lambda machine: machine.join(who="mechanic"), wait(minutes=60)],
        {"session.accepted", "half is due"},
    ),
    "the mechanic gives it back, and another takes it": (
        [
            go(3),
            lambda machine: machine.stop(who="mechanic", what="release"),
            lambda machine: machine.accept(who="mechanic2"),
            go(2),
        ],
        {"session.waiting", "session.released", "session.started", "session.ended", "all is due"},
    ),
    "the customer is away for a while and has more time": (
        [
            LIVE,
            lambda machine: machine.is_away_for_a_while(who="customer", seconds=61),
            lambda machine: machine.ask_for_more(minutes=15),
            lambda machine: machine.the_bank_agrees(told="twice"),
        ],
        {"participant.left", "session.paused", "session.resumed", "extension.pending", "session.extended"},
    ),
    "the mechanic is lost": (
        [LIVE, wait(minutes=5), lambda machine: machine.leave(who="mechanic"), wait(minutes=10)],
        {"session.paused", "used is due"},
    ),
    "the mechanic ends it unsolved": (
        [
            LIVE,
            wait(minutes=5),
            lambda machine: machine.stop(who="mechanic", what="end"),
            lambda machine: machine.answer(solved=False),
        ],
        {"session.ended", "answer is due"},
    ),
}
# Situations that every run must reach. Each run begins with the simplest session, which reaches them.
REACHED = {"session.started", "session.ended", "all is due"}


@pytest.mark.on_postgres
@pytest.mark.django_db
@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_of_the_state_machine_reaches_the_events_it_is_for(name: str) -> None:
    steps, expected = SCRIPTS[name]
    Machine.happened.clear()
    Machine.play(*steps)
    assert not expected - Machine.happened.keys(), Machine.happened


@pytest.mark.on_postgres
@pytest.mark.django_db
def test_any_order_of_steps_keeps_the_rules_of_a_session() -> None:
    Machine.happened.clear()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples(40), stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert not REACHED - Machine.happened.keys(), Machine.happened
