"""Clicks, webhooks, crashes and clocks in any order: charges, refunds and payouts are right, also at Stripe."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from autodoctor.payments.job_kinds import PaymentJob
from tests.faults import money_story
from tests.faults.money import Money
from tests.faults.money_story import Power
from tests.kit.stripe_sandbox import RunningSandbox

EXAMPLES, STEPS = 40, 25


def live(money: Money) -> None:
    money.get_going(steps=4)
    money.webhooks_come(how="in order", seed=0)


def charged(money: Money) -> None:
    """A charged session with an extension and an earned share."""
    live(money)
    money.set_up_payouts(who="mechanic", action="finish")
    money.have_more(minutes=15)
    money.go_on_and_end_it(minutes=5)
    money.write_the_summary()


SCRIPTS: dict[str, tuple[list[Callable[[Money], object]], set[str]]] = {
    "paid in full": ([charged], {"booking captured", "extension captured", "sent"}),
    "the power fails when it is charged": (
        [
            live,
            lambda money: money.crash_soon(name="capture", moment="after"),
            lambda money: money.go_on_and_end_it(minutes=5),
        ],
        {"crashed at capture", "booking captured"},
    ),
    "called off": (
        [
            lambda money: money.get_going(steps=1),
            lambda money: money.stop(who="customer", what="cancel"),
            lambda money: money.webhooks_come(how="backwards", seed=0),
        ],
        {"booking released"},
    ),
    "refunded": ([charged, lambda money: money.give_back(cents=499, bearer="mechanic")], {"refunded"}),
    "Stripe answers badly": (
        [
            live,
            lambda money: money.stripe_answers_badly(status=429, moment="before"),
            lambda money: money.go_on_and_end_it(minutes=5),
        ],
        {"booking captured"},
    ),
    "a charge is dismissed": (
        [
            live,
            lambda money: money.story.wait(minutes=5).end(money.people["customer"]),
            lambda money: money.a_job_is_dismissed(kind=PaymentJob.CAPTURE),
        ],
        {"a job is dismissed", "booking captured"},
    ),
    "taken back after the payout": (
        [
            charged,
            lambda money: money.story.wait(minutes=60 * 30),
            lambda money: money.accounts_are_paid_out(),
            lambda money: money.give_back(cents=499, bearer="mechanic"),
        ],
        {"refunded", "a mechanic owes"},
    ),
    "ended by the customer whom the mechanic had left for a minute": (
        [
            live,
            lambda money: money.is_away_for_a_while(who="mechanic", seconds=200),
            lambda money: money.go_on_and_end_it(minutes=5),
        ],
        {"booking captured"},
    ),
    "something is said": (
        [live, lambda money: money.say_something(who="customer"), lambda money: money.say_something(who="mechanic2")],
        {"something is said"},
    ),
    "taken back by the bank": (
        [
            charged,
            lambda money: money.a_charge_is_disputed(part=1),
            lambda money: money.a_dispute_is_decided(won=False),
        ],
        {"lost"},
    ),
}


@pytest.fixture
def money(stripe_sandbox: RunningSandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> type[Money]:
    settings.CLOCK_HANDLERS = f"{money_story.__name__}.HANDLERS"
    Money.sandbox, Money.power = stripe_sandbox, Power(monkeypatch)
    Money.happened.clear()
    return Money


@pytest.mark.django_db
@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_of_the_money_machine_reaches_the_events_it_is_for(money: type[Money], name: str) -> None:
    steps, expected = SCRIPTS[name]
    money.play(*steps)
    assert not expected - money.happened.keys(), money.happened


@pytest.mark.django_db
def test_the_ledger_is_right_after_any_order_of_clicks_webhooks_and_crashes(money: type[Money]) -> None:
    run_state_machine_as_test(
        money,
        settings=hypothesis_settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    # Each run begins with the simplest session, which does all this: one without shows nothing.
    assert not {"session.started", "session.ended", "booking captured"} - money.happened.keys(), money.happened
