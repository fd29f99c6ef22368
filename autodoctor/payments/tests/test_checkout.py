"""Checkout: at most one open page per payment, for any number of callers and crashes."""

from datetime import datetime, timedelta
from threading import Barrier, Thread
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import checkout, ledger, stripe, stripe_requests
from autodoctor.payments.attempts import NotPayable
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.payments.tests.stand import (
    PRICE_CENTS,
    Book,
    Consequences,
    Crash,
    Crashes,
    open_page,
    pay,
    run_all,
    surviving,
)
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State


def checkouts(sandbox: RunningSandbox, status: str = "") -> list[dict[str, Any]]:
    found = sandbox.app.store.find("checkout.session")
    return [page for page in found if status in ("", page["status"])]


def test_checkout_asks_for_a_hold_of_our_price(payment: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    opened = open_page(payment, now)

    [page] = checkouts(stripe_sandbox)
    ours = {"payment_id": str(payment.id), "owner_id": str(payment.owner_id)}
    assert (page["amount_total"], page["currency"], page["customer_email"]) == (PRICE_CENTS, "usd", payment.payer.email)
    assert page["metadata"] == page["_intent"]["metadata"] == ours
    assert page["_intent"]["capture_method"] == "manual"
    assert page["allowed_payment_method_types"] == ["card"]
    assert "setup_future_usage" not in page["_intent"]
    assert (opened.checkout_id, opened.checkout_url) == (page["id"], page["url"])
    assert opened.checkout_expires_at is not None
    assert opened.checkout_expires_at - now >= timedelta(minutes=30)


def test_with_consent_the_card_is_kept(
    book: Book, customer: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    pay(book(keep_card=True), stripe_sandbox, now)
    pay(book(keep_card=True), stripe_sandbox, now)

    person = StripeCustomer.objects.get(user=customer)
    assert person.payment_method_id.startswith("pm_")
    assert person.card_kept_at == now
    assert {page["customer"] for page in checkouts(stripe_sandbox)} == {person.stripe_id}


def test_an_open_page_is_used_again(payment: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    first, second = open_page(payment, now), open_page(payment, now)

    assert second.checkout_url == first.checkout_url
    assert len(checkouts(stripe_sandbox)) == 1


def test_checkout_about_to_expire_is_replaced(payment: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    first = open_page(payment, now)
    second = open_page(payment, now + timedelta(minutes=28))

    assert second.checkout_id != first.checkout_id
    assert [page["id"] for page in checkouts(stripe_sandbox, "open")] == [second.checkout_id]


def test_an_expired_page_is_replaced(payment: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    first = open_page(payment, now)
    stripe_sandbox.advance(3600)
    second = open_page(payment, now + timedelta(hours=1))

    assert second.checkout_id != first.checkout_id
    assert [page["id"] for page in checkouts(stripe_sandbox, "open")] == [second.checkout_id]


def test_declined_then_paid(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    declined = pay(payment, stripe_sandbox, now, "pm_card_chargeDeclinedInsufficientFunds")
    assert declined.state == State.CREATED
    assert "insufficient funds" in str(declined.decline_reason)

    paid = pay(payment, stripe_sandbox, now)
    assert (paid.state, paid.card_last4, paid.decline_reason) == (State.AUTHORIZED, "4242", "")
    assert len(checkouts(stripe_sandbox)) == 1
    assert consequences.kinds() == ["authorised"]


def test_hold_follows_the_confirmation_at_the_bank(
    payment: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    waiting = pay(payment, stripe_sandbox, now, "pm_card_authenticationRequired")
    assert waiting.state == State.CREATED

    stripe_sandbox.authenticate(stripe.checkout(waiting.checkout_id).intent_id)
    assert checkout.refresh(payment=payment, now=now).state == State.AUTHORIZED


def test_a_paid_payment_is_not_paid_again(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    """Paid, the way back was lost, and the customer presses "Pay" again before any webhook came."""
    stripe_sandbox.pay(open_page(payment, now).checkout_url)
    for _ in range(2):
        with pytest.raises(NotPayable) as refusal:
            open_page(payment, now)
        assert refusal.value.payment.state == State.AUTHORIZED

    assert len(checkouts(stripe_sandbox)) == 1
    assert consequences.kinds() == ["authorised"]


def test_hold_of_another_amount_opens_no_second_checkout(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    stripe_sandbox.pay(open_page(payment, now).checkout_url)
    Payment.objects.filter(id=payment.id).update(amount_cents=PRICE_CENTS + 1)
    with pytest.raises(NotPayable):
        open_page(payment, now)

    assert consequences.kinds() == ["mismatch"]


def test_refresh_before_anything_was_asked_for(payment: Payment, now: datetime) -> None:
    assert checkout.refresh(payment=payment, now=now).state == State.CREATED


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_open_one_checkout(payment: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    start, urls = Barrier(4), []

    def ask(way_back: str) -> None:
        start.wait()
        try:
            opened = checkout.open_checkout(payment=payment, success_url=way_back, cancel_url=way_back, now=now)
            urls.append(opened.checkout_url)
        finally:
            connection.close()

    threads = [Thread(target=ask, args=[f"http://localhost:8000/{number}/"]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(urls) == 4
    assert len(set(urls)) == 1
    assert len(checkouts(stripe_sandbox)) == 1


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["create_customer", "create_checkout", "checkout", "expire_checkout", "payment"])
def test_crash_during_checkout_leaves_one_paid_page(
    book: Book, stripe_sandbox: RunningSandbox, crashes: Crashes, now: datetime, call: str, moment: str
) -> None:
    payment = book(keep_card=True)
    crashes.once(call, moment)
    surviving(lambda: open_page(payment, now))
    with pytest.raises(NotPayable):
        _declined_replaced_paid_and_asked_again(payment, stripe_sandbox, now)

    assert crashes.happened
    assert len(set(crashes.keys)) <= {"create_checkout": 2}.get(call, 1)
    assert len(stripe_sandbox.app.store.find("customer")) == 1
    assert [page["status"] for page in checkouts(stripe_sandbox)] == ["complete", "expired"]
    payment.refresh_from_db()
    assert payment.state == State.AUTHORIZED


def _declined_replaced_paid_and_asked_again(payment: Payment, sandbox: RunningSandbox, now: datetime) -> None:
    later = now + timedelta(minutes=28)
    sandbox.pay(surviving(lambda: open_page(payment, now)).checkout_url, "pm_card_chargeDeclined")
    sandbox.pay(surviving(lambda: open_page(payment, later)).checkout_url)
    surviving(lambda: open_page(payment, later))


def test_canceled_unpaid_checkout_expires_and_fails_the_payment(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    opened = open_page(payment, now)
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: PRICE_CENTS}, now=now)

    assert consequences.kinds() == ["failed"]
    assert stripe_sandbox.pay(opened.checkout_url).status_code != 200
    assert [page["status"] for page in checkouts(stripe_sandbox)] == ["expired"]
    payment.refresh_from_db()
    assert (payment.state, payment.due_cents) == (State.FAILED, 0)
    with pytest.raises(NotPayable):
        open_page(payment, now)


def test_called_off_without_ever_a_page(payment: Payment, consequences: Consequences, now: datetime) -> None:
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)

    assert consequences.kinds() == ["failed"]


def test_hold_placed_before_the_cancellation_is_released(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    stripe_sandbox.pay(open_page(payment, now).checkout_url)
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)

    assert consequences.kinds() == ["released"]
    payment.refresh_from_db()
    assert payment.state == State.RELEASED
    assert stripe.payment(payment.intent_id).status == "canceled"


@pytest.mark.parametrize("call", ["expire_checkout", "checkout"])
def test_hold_placed_during_the_cancellation_is_released(
    payment: Payment,
    stripe_sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    call: str,
) -> None:
    """The customer presses "Pay" between two of our calls."""
    url, real = open_page(payment, now).checkout_url, getattr(stripe, call)

    def paid_first(*args: Any, **given: Any) -> Any:
        monkeypatch.setattr(stripe, call, real)
        if call == "checkout":
            looked = real(*args, **given)
            stripe_sandbox.pay(url)
            return looked
        stripe_sandbox.pay(url)
        return real(*args, **given)

    monkeypatch.setattr(stripe, call, paid_first)
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)
    run_all()

    payment.refresh_from_db()
    assert payment.state == State.RELEASED
    assert stripe.payment(payment.intent_id).status == "canceled"


def test_called_off_while_the_bank_asks(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    waiting = pay(payment, stripe_sandbox, now, "pm_card_authenticationRequired")
    intent_id = stripe.checkout(waiting.checkout_id).intent_id
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)

    assert consequences.kinds() == ["failed"]
    stripe_sandbox.authenticate(intent_id)
    assert stripe.payment(intent_id).status == "canceled"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", ["create_checkout", "checkout", "expire_checkout", "payment"])
def test_a_crash_while_it_is_called_off_leaves_nothing_to_pay(
    payment: Payment, stripe_sandbox: RunningSandbox, crashes: Crashes, now: datetime, call: str, moment: str
) -> None:
    if call != "create_checkout":
        pay(payment, stripe_sandbox, now, "pm_card_chargeDeclined")
    crashes.once(call, moment)
    if call == "create_checkout":  # its id never reached us
        with pytest.raises(Crash):
            open_page(payment, now)
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)
    run_all()

    assert crashes.happened
    assert [page["status"] for page in checkouts(stripe_sandbox)] == ["expired"]
    payment.refresh_from_db()
    assert payment.state == State.FAILED


@pytest.mark.parametrize(("module", "call"), [(stripe_requests, "checkout"), (stripe, "create_checkout")])
def test_called_off_while_the_page_is_made(
    payment: Payment,
    stripe_sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    module: ModuleType,
    call: str,
) -> None:
    real = getattr(module, call)

    def called_off_meanwhile(*args: Any, **given: Any) -> Any:
        monkeypatch.setattr(module, call, real)
        ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)
        run_all()
        return real(*args, **given)

    monkeypatch.setattr(module, call, called_off_meanwhile)
    with pytest.raises(NotPayable):
        open_page(payment, timezone.now())

    assert checkouts(stripe_sandbox, "open") == []
    payment.refresh_from_db()
    assert payment.state == State.FAILED
    assert payment.checkout_number == [stripe_requests, stripe].index(module), "none was asked for after"
