"""The saved card during faults: a crash, an outage, two tabs, early news. Charged once, or never."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from autodoctor.payments import checkout, ledger, saved_card, stripe, stripe_requests
from autodoctor.payments.attempts import NotPayable
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.payments.payment_sync import abandon, sync_payment
from autodoctor.payments.tests.stand import Behave, Consequences, Crash, Crashes, collected, live, open_page, run_all
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.waiting import PATIENCE

State = Payment.State


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_the_bank_is_asked_charges_once(
    kept: StripeCustomer,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    crashes: Crashes,
    consequences: Consequences,
    now: datetime,
    moment: str,
) -> None:
    crashes.once("attempt", moment)
    with pytest.raises(Crash):
        saved_card.collect(payment=extension, now=now)
    run_all()
    extension.refresh_from_db()
    assert extension.state == State.AUTHORIZED
    assert live(stripe_sandbox, extension) == ["requires_capture"]
    assert crashes.keys == [f"attempt:{extension.id}"] * 2
    assert consequences.kinds() == ["authorised", "authorised"]


def test_a_payment_service_that_is_away_is_asked_again_from_the_queue(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.control("faults", method="POST", path="payment_intents", status=503, times=3)
    with pytest.raises(stripe.Unavailable):
        saved_card.collect(payment=extension, now=now)
    run_all()
    extension.refresh_from_db()
    assert extension.state == State.AUTHORIZED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_extension_held_without_an_answer_is_not_held_again(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    """A customer who then chooses another card finds the extension paid."""
    stripe_sandbox.control("faults", method="POST", path="payment_intents", status=503, times=3, when="after")
    with pytest.raises(stripe.Unavailable):
        saved_card.collect(payment=extension, now=now)
    ledger.use_another_card(extension)
    assert collected(extension, now).state == State.AUTHORIZED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_authenticationRequired"])
def test_called_off_after_a_crash_nothing_stays_open(
    behave: Behave,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    crashes: Crashes,
    now: datetime,
    moment: str,
    card: str,
) -> None:
    """The attempt came about, but its id never reached us."""
    behave(card)
    crashes.once("attempt", moment)
    with pytest.raises(Crash):
        saved_card.collect(payment=extension, now=now)
    assert ledger.cancel_payment(extension, now)
    run_all()
    extension.refresh_from_db()
    assert extension.state in (State.FAILED, State.RELEASED)
    assert live(stripe_sandbox, extension) == []


def test_called_off_while_the_bank_is_asked(
    behave: Behave,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    behave("pm_card_authenticationRequired")
    real = stripe.attempt

    def called_off_meanwhile(*args: Any, **given: Any) -> str:
        ledger.cancel_payment(extension, now)
        checkout.shut(payment=Payment.objects.get(id=extension.id), now=now)
        abandon(payment_id=extension.id, now=now)
        return real(*args, **given)

    monkeypatch.setattr(stripe, "attempt", called_off_meanwhile)
    assert collected(extension, now).state == State.FAILED
    assert live(stripe_sandbox, extension) == []


def test_hold_of_a_canceled_extension_is_released(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    stripe_sandbox.authenticate(waiting.attempt_id)
    ledger.cancel_payment(extension, now)
    run_all()
    extension.refresh_from_db()
    assert extension.state == State.RELEASED
    assert consequences.kinds() == ["authorised", "released", "waiting"]
    assert live(stripe_sandbox, extension) == []


def test_the_webhook_may_come_before_our_own_answer(
    behave: Behave,
    extension: Payment,
    consequences: Consequences,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
) -> None:
    """Everything Stripe has to tell is settled before the call that caused it returns."""
    real = stripe.attempt

    def told_first(*args: Any, **given: Any) -> str:
        made = real(*args, **given)
        for _ in range(2):
            sync_payment(payment_id=extension.id, snapshot=stripe.payment(made), now=now)
        return made

    monkeypatch.setattr(stripe, "attempt", told_first)
    assert collected(extension, now).state == State.AUTHORIZED
    assert consequences.kinds() == ["authorised", "authorised"]


@pytest.mark.parametrize("card", ["pm_card_authenticationRequired", "pm_card_chargeDeclined"])
def test_so_may_that_of_a_question_or_a_decline(
    behave: Behave,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    card: str,
) -> None:
    behave(card)
    real = stripe.attempt

    def told_first(*args: Any, **given: Any) -> str:
        made = real(*args, **given)
        sync_payment(payment_id=extension.id, snapshot=stripe.payment(made), now=now)
        return made

    monkeypatch.setattr(stripe, "attempt", told_first)
    waiting = collected(extension, now)
    asks = card == "pm_card_authenticationRequired"
    assert waiting.waits_for == ("confirm" if asks else "pay")
    assert consequences.kinds() == ["authorised", *([] if asks else ["declined"]), "waiting"]
    assert live(stripe_sandbox, extension) == (["requires_action"] if asks else ["page"])


def test_two_tabs_at_once_pay_once(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime, transactional_db: None
) -> None:
    start, outcomes = Barrier(2), []

    def tab() -> None:
        start.wait(PATIENCE)
        try:
            outcomes.append(collected(Payment.objects.get(id=extension.id), now).state)
        except stripe.Unavailable:
            outcomes.append("asked by the other")
        finally:
            connection.close()

    tabs = [Thread(target=tab) for _ in range(2)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join(PATIENCE)
    assert State.AUTHORIZED in outcomes
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def first(act: Callable[[], object], then: Callable[..., Any]) -> Callable[..., Any]:
    """Run the action once, after the row was read and before the result is written."""
    left = [act]

    def between(**given: Any) -> Any:
        while left:
            left.pop()()
        return then(**given)

    return between


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_authenticationRequired"])
def test_checkout_opened_before_the_attempt_prevents_the_attempt(
    behave: Behave,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    card: str,
) -> None:
    behave(card)
    page = first(lambda: open_page(extension, now), stripe_requests.attempt)
    monkeypatch.setattr(stripe_requests, "attempt", page)
    assert collected(extension, now).waits_for == "pay"
    assert live(stripe_sandbox, extension) == ["page"]


@pytest.mark.parametrize(
    ("card", "open_ways"), [("pm_card_visa", "requires_capture"), ("pm_card_authenticationRequired", "page")]
)
def test_attempt_before_a_checkout_leaves_one_way_to_pay(
    behave: Behave,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    card: str,
    open_ways: str,
) -> None:
    behave(card)
    asked = first(lambda: collected(extension, now), stripe_requests.checkout)
    monkeypatch.setattr(stripe_requests, "checkout", asked)
    with suppress(NotPayable):
        open_page(extension, now)
    assert live(stripe_sandbox, extension) == [open_ways]


@pytest.mark.parametrize("asked_before", [False, True])
def test_queue_opens_a_checkout_after_the_choice_of_another_card(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime, asked_before: bool
) -> None:
    """The process dies right after another card was chosen."""
    behave("pm_card_authenticationRequired" if asked_before else "pm_card_visa")
    if asked_before:
        collected(extension, now)
    ledger.use_another_card(extension)
    run_all()
    extension.refresh_from_db()
    assert (extension.waits_for, live(stripe_sandbox, extension)) == ("pay", ["page"])
