"""Paid while the session runs: the kept card is asked once, whoever asks how often and whatever dies meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from autodoctor.accounts.models import User
from autodoctor.payments import checkout, gateway, kept_card, ledger
from autodoctor.payments.checkout import NotPayable
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.payments.sandbox.testing import RunningSandbox
from autodoctor.payments.settle import abandon, settle
from autodoctor.payments.tests.stand import Book, Consequences, Crash, Crashes, pay, run_all

State = Payment.State
CENTS = 1499
Behave = Callable[[str], None]


@pytest.fixture
def kept(book: Book, customer: User, stripe_sandbox: RunningSandbox, now: datetime) -> StripeCustomer:
    """The card kept with the booking."""
    pay(book(keep_card=True), stripe_sandbox, now)
    return StripeCustomer.objects.get(user=customer)


@pytest.fixture
def behave(kept: StripeCustomer, stripe_sandbox: RunningSandbox) -> Behave:
    """What the bank does with the kept card from now on."""
    return lambda card: stripe_sandbox.control("cards", customer=kept.stripe_id, behaves_as=card)


def open_extension(customer: User, now: datetime, **changes: Any) -> Payment:
    given: dict[str, Any] = {
        "owner_id": uuid4(),
        "payer": customer,
        "amount_cents": CENTS,
        "currency": "usd",
        "seconds": 900,
        "description": "+15 minutes",
        "keep_card": True,
        "return_url": "http://localhost:8000/sessions/x/extension/",
        "now": now,
    }
    return ledger.open_extension(**given | changes)


@pytest.fixture
def extension(customer: User, now: datetime, consequences: Consequences) -> Payment:
    return open_extension(customer, now)


def collected(payment: Payment, now: datetime, **changes: Any) -> Payment:
    """As it stands after one more try."""
    try:
        return kept_card.collect(payment=payment, now=now, **changes)
    except NotPayable as over:
        return over.payment


def attempts(sandbox: RunningSandbox, payment: Payment) -> list[dict[str, Any]]:
    intents = sandbox.app.store.find("payment_intent")
    return [intent for intent in intents if intent["metadata"].get("payment_id") == str(payment.id)]


def live(sandbox: RunningSandbox, payment: Payment) -> list[str]:
    """What of it holds money, or still can."""
    pages = [page for page in sandbox.app.store.find("checkout.session") if page["status"] == "open"]
    open_pages = ["page" for page in pages if page["metadata"]["payment_id"] == str(payment.id)]
    dead = ("canceled", "requires_payment_method")
    return open_pages + [one["status"] for one in attempts(sandbox, payment) if one["status"] not in dead]


def test_the_kept_card_is_known_by_its_last_digits(kept: StripeCustomer, customer: User, stranger: User) -> None:
    assert kept_card.of(customer) == kept_card.KeptCard("visa", "4242")
    assert kept_card.of(stranger) is None


def test_it_is_held_at_once(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    held = collected(extension, now)
    assert (held.state, held.card_brand, held.card_last4) == (State.AUTHORISED, "visa", "4242")
    [intent] = attempts(stripe_sandbox, extension)
    assert (intent["amount"], intent["capture_method"], intent["customer"]) == (CENTS, "manual", kept.stripe_id)
    assert intent["metadata"] == {"payment_id": str(extension.id), "owner_id": str(extension.owner_id)}
    assert consequences.kinds() == ["authorised", "authorised"]  # the booking, and this


def test_again_it_is_not_paid_again(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    for _ in range(3):
        assert collected(extension, now).state == State.AUTHORISED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("pm_card_chargeDeclinedInsufficientFunds", "not enough money"),
        ("pm_card_chargeDeclinedExpiredCard", "expired"),
        ("pm_card_chargeDeclinedLostCard", "Your bank declined"),
        ("pm_card_chargeDeclined", "Your bank declined"),
    ],
)
def test_declined_it_says_why_and_another_card_pays(
    behave: Behave,
    extension: Payment,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
    now: datetime,
    card: str,
    words: str,
) -> None:
    behave(card)
    declined = collected(extension, now)
    assert (declined.state, declined.waits_for) == (State.CREATED, "pay")
    assert words in str(declined.decline_reason)
    assert live(stripe_sandbox, extension) == ["page"], "the declined attempt cannot come through any more"
    assert [one["status"] for one in attempts(stripe_sandbox, extension)] == ["canceled"]
    assert consequences.kinds() == ["authorised", "declined", "waiting"]

    stripe_sandbox.pay(declined.checkout_url, "pm_card_mastercard")
    paid = checkout.refresh(payment=declined, now=now)
    assert (paid.state, paid.card_brand, paid.decline_reason) == (State.AUTHORISED, "mastercard", "")
    assert consequences.kinds() == ["authorised", "authorised", "declined", "waiting"]


def test_the_bank_asks_first(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    for _ in range(2):
        waiting = collected(extension, now)
        assert (waiting.state, waiting.waits_for) == (State.CREATED, "confirm")
    assert waiting.confirm_url == f"{stripe_sandbox.url}/authenticate/{waiting.attempt_id}"
    assert consequences.kinds() == ["authorised", "waiting"]

    back = stripe_sandbox.authenticate(waiting.attempt_id).headers["Location"]
    assert back.startswith(extension.return_url)
    paid = checkout.refresh(payment=extension, now=now)
    assert (paid.state, paid.waits_for) == (State.AUTHORISED, "")
    assert len(attempts(stripe_sandbox, extension)) == 1


def test_who_fails_the_banks_question_may_pay_otherwise(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    stripe_sandbox.authenticate(waiting.attempt_id, approve=False)
    checkout.refresh(payment=extension, now=now)
    run_all()  # nobody is there to go on with it but the queue
    extension.refresh_from_db()
    assert (extension.waits_for, extension.decline_code) == ("pay", "payment_intent_authentication_failure")
    assert live(stripe_sandbox, extension) == ["page"]


def test_who_abandons_the_banks_question_may_take_another_card(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    other = collected(extension, now, another_card=True)
    assert (other.waits_for, live(stripe_sandbox, extension)) == ("pay", ["page"])
    stripe_sandbox.authenticate(waiting.attempt_id)  # the forgotten tab
    stripe_sandbox.pay(other.checkout_url)
    assert checkout.refresh(payment=extension, now=now).intent_id != waiting.attempt_id
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_confirmed_before_another_card_was_chosen_it_is_paid(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    stripe_sandbox.authenticate(collected(extension, now).attempt_id)
    assert collected(extension, now, another_card=True).state == State.AUTHORISED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_without_a_kept_card_a_page_opens(
    extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    for _ in range(2):
        opened = collected(extension, now)
    assert (opened.waits_for, live(stripe_sandbox, extension)) == ("pay", ["page"])
    assert consequences.kinds() == ["waiting"]


def test_without_consent_the_kept_card_is_not_asked(
    kept: StripeCustomer, customer: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    payment = open_extension(customer, now, keep_card=False)
    assert collected(payment, now).waits_for == "pay"
    assert live(stripe_sandbox, payment) == ["page"]


def test_a_card_that_stripe_no_longer_has_is_forgotten(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, customer: User, now: datetime
) -> None:
    [method] = stripe_sandbox.app.store.find("payment_method")
    stripe_sandbox.app.store.put(method | {"customer": None, "_used": True})
    opened = collected(extension, now)
    assert (opened.waits_for, "cannot be used any more" in str(opened.decline_reason)) == ("pay", True)
    assert kept_card.of(customer) is None


def test_a_new_card_is_kept_instead(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, customer: User, now: datetime
) -> None:
    behave("pm_card_chargeDeclined")
    stripe_sandbox.pay(collected(extension, now).checkout_url, "pm_card_mastercard")
    checkout.refresh(payment=extension, now=now)
    assert kept_card.of(customer) == kept_card.KeptCard("mastercard", "4444")


def test_a_card_removed_meanwhile_is_not_kept_again(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, customer: User, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    StripeCustomer.objects.filter(user=customer).update(payment_method_id="", card_last4="")
    stripe_sandbox.authenticate(waiting.attempt_id)
    assert checkout.refresh(payment=extension, now=now).state == State.AUTHORISED
    assert kept_card.of(customer) is None


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
        kept_card.collect(payment=extension, now=now)
    run_all()
    extension.refresh_from_db()
    assert extension.state == State.AUTHORISED
    assert live(stripe_sandbox, extension) == ["requires_capture"]
    assert crashes.keys == [f"attempt:{extension.id}"] * 2
    assert consequences.kinds() == ["authorised", "authorised"]


def test_a_payment_service_that_is_away_is_asked_again_from_the_queue(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.control("faults", method="POST", path="payment_intents", status=503, times=3)
    with pytest.raises(gateway.Unavailable):
        kept_card.collect(payment=extension, now=now)
    run_all()
    extension.refresh_from_db()
    assert extension.state == State.AUTHORISED
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_done_but_not_answered_it_is_held_once(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    """And who then wants another card finds it paid."""
    stripe_sandbox.control("faults", method="POST", path="payment_intents", status=503, times=3, when="after")
    with pytest.raises(gateway.Unavailable):
        kept_card.collect(payment=extension, now=now)
    assert collected(extension, now, another_card=True).state == State.AUTHORISED
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
        kept_card.collect(payment=extension, now=now)
    assert ledger.call_off(extension, now)
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
    real = gateway.attempt

    def called_off_meanwhile(*args: Any, **given: Any) -> str:
        ledger.call_off(extension, now)
        checkout.shut(payment=Payment.objects.get(id=extension.id), now=now)
        abandon(payment_id=extension.id, now=now)
        return real(*args, **given)

    monkeypatch.setattr(gateway, "attempt", called_off_meanwhile)
    assert collected(extension, now).state == State.FAILED
    assert live(stripe_sandbox, extension) == []


def test_a_success_that_comes_after_it_was_called_off_is_released(
    behave: Behave, extension: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    behave("pm_card_authenticationRequired")
    waiting = collected(extension, now)
    stripe_sandbox.authenticate(waiting.attempt_id)
    ledger.call_off(extension, now)
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
    real = gateway.attempt

    def told_first(*args: Any, **given: Any) -> str:
        made = real(*args, **given)
        for _ in range(2):
            settle(payment_id=extension.id, snapshot=gateway.payment(made), now=now)
        return made

    monkeypatch.setattr(gateway, "attempt", told_first)
    assert collected(extension, now).state == State.AUTHORISED
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
    real = gateway.attempt

    def told_first(*args: Any, **given: Any) -> str:
        made = real(*args, **given)
        settle(payment_id=extension.id, snapshot=gateway.payment(made), now=now)
        return made

    monkeypatch.setattr(gateway, "attempt", told_first)
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
        start.wait(10)
        try:
            outcomes.append(collected(Payment.objects.get(id=extension.id), now).state)
        except gateway.Unavailable:
            outcomes.append("asked by the other")
        finally:
            connection.close()

    tabs = [Thread(target=tab) for _ in range(2)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join(30)
    assert State.AUTHORISED in outcomes
    assert live(stripe_sandbox, extension) == ["requires_capture"]


def test_only_one_call_gives_its_time(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    held = collected(extension, now)
    given = [ledger.grant(owner_id=held.owner_id, payment_id=held.id, now=now) for _ in range(3)]
    assert [one and one.granted_at for one in given] == [now, None, None]


@pytest.mark.parametrize("change", [{"state": State.CREATED}, {"due_cents": 0}, {"purpose": "booking"}])
def test_what_is_not_held_or_called_off_gives_no_time(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime, change: dict[str, Any]
) -> None:
    held = collected(extension, now)
    Payment.objects.filter(id=held.id).update(**change)
    assert ledger.grant(owner_id=held.owner_id, payment_id=held.id, now=now) is None


def test_a_page_of_long_ago_is_replaced(extension: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    first = collected(extension, now)
    stripe_sandbox.advance(3600)
    second = collected(extension, now + timedelta(hours=1))
    assert second.checkout_id != first.checkout_id
    assert live(stripe_sandbox, extension) == ["page"]
