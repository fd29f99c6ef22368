"""Checkout Sessions, from the API to the hosted page and back."""

import time
from typing import Any

import httpx
import pytest
import stripe

from autodoctor.sandbox.tests.conftest import OpenCheckout
from tests.kit.stripe_sandbox import RunningSandbox


def test_an_open_checkout_has_a_page_and_no_payment_intent_yet(client: Any, open_checkout: OpenCheckout) -> None:
    session = open_checkout(client_reference_id="ours", customer_email="casey@example.com")
    kept = client.v1.checkout.sessions.retrieve(session.id)
    assert (kept.status, kept.payment_status, kept.payment_intent) == ("open", "unpaid", None)
    assert (kept.amount_total, kept.currency, kept.livemode) == (2999, "usd", False)
    assert (kept.client_reference_id, kept.customer_email) == ("ours", "casey@example.com")
    assert kept.url == session.url


def test_paying_a_checkout_holds_the_amount_and_leads_back(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    back = stripe_sandbox.pay(session.url)
    assert (back.status_code, back.headers["Location"]) == (303, f"http://shop.test/back?checkout={session.id}")
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (done.status, done.payment_status, done.url) == ("complete", "unpaid", None)
    intent = done.payment_intent
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 2999, 0)
    assert intent.metadata.to_dict() == {"payment_id": "ours"}
    charge = intent.latest_charge
    assert (charge.captured, charge.refunded, charge.amount_captured, charge.disputed) == (False, False, 0, False)
    card = charge.payment_method_details.card
    assert (card.brand, card.last4) == ("visa", "4242")
    types = [event["type"] for event in stripe_sandbox.events()]
    assert types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "checkout.session.completed",
    ]


def test_a_checkout_without_manual_capture_captures_at_once(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout(payment_intent_data=None)
    stripe_sandbox.pay(session.url)
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (done.payment_status, done.payment_intent.status) == ("paid", "succeeded")
    assert done.payment_intent.amount_received == 2999


def test_a_captured_hold_makes_the_checkout_paid(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    stripe_sandbox.pay(session.url)
    intent_id = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    client.v1.payment_intents.capture(str(intent_id))
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_declined_card_leaves_the_checkout_open_for_another(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    assert (
        stripe_sandbox.pay(session.url, "pm_card_chargeDeclinedInsufficientFunds")
        .headers["Location"]
        .endswith(f"/pay/{session.id}")
    )
    page = stripe_sandbox.browser.get(session.url)
    assert "Your card has insufficient funds." in page.text
    still = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (still.status, still.payment_intent.status) == ("open", "requires_payment_method")
    assert still.payment_intent.last_payment_error.decline_code == "insufficient_funds"
    stripe_sandbox.pay(session.url, "pm_card_mastercard")
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert done.payment_intent.id == still.payment_intent.id
    assert done.payment_intent.latest_charge.payment_method_details.card.brand == "mastercard"
    assert len(stripe_sandbox.events("payment_intent.payment_failed", "charge.failed")) == 2


def test_paying_a_checkout_twice_charges_once(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    first, second = stripe_sandbox.pay(session.url), stripe_sandbox.pay(session.url)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(client.v1.charges.list().data) == 1
    assert "already complete" in stripe_sandbox.browser.get(session.url).text


def test_leaving_a_checkout_leads_to_the_cancel_address_and_keeps_it_open(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    left = stripe_sandbox.press(session.url, "leave")
    assert left.headers["Location"] == "http://shop.test/left"
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


@pytest.mark.parametrize("approve", [True, False])
def test_the_bank_asks_for_authentication_on_the_page_of_the_checkout(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox, approve: bool
) -> None:
    session = open_checkout()
    asked = stripe_sandbox.press(session.url, "authenticate").headers["Location"]
    assert "Your bank asks for a confirmation" in stripe_sandbox.browser.get(asked).text
    back = stripe_sandbox.press(asked, "approve" if approve else "fail").headers["Location"]
    after = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    if approve:
        assert back == f"http://shop.test/back?checkout={session.id}"
        assert (after.status, after.payment_intent.status) == ("complete", "requires_capture")
    else:
        assert back.endswith(f"/pay/{session.id}")
        assert (after.status, after.payment_intent.status) == ("open", "requires_payment_method")
        assert "failed authentication" in stripe_sandbox.browser.get(back).text


def test_an_expired_checkout_can_be_neither_paid_nor_expired_again(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    page = stripe_sandbox.browser.get(session.url)
    assert (page.status_code, "This page has expired" in page.text) == (410, True)
    stripe_sandbox.pay(session.url)
    assert client.v1.charges.list().data == []
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        client.v1.checkout.sessions.expire(session.id)
    assert [event["type"] for event in stripe_sandbox.events()] == ["checkout.session.expired"]


def test_expiring_a_checkout_closes_an_attempt_that_waits_for_the_bank(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    asked = stripe_sandbox.press(session.url, "authenticate").headers["Location"]
    client.v1.checkout.sessions.expire(session.id)
    stripe_sandbox.press(asked, "approve")
    after = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (after.status, after.payment_intent.status) == ("expired", "canceled")


def test_a_checkout_expires_by_itself(client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox) -> None:
    session = open_checkout()
    stripe_sandbox.advance(31 * 60)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert len(stripe_sandbox.events("checkout.session.expired")) == 1


@pytest.mark.parametrize("minutes", [29, 24 * 60 + 1])
def test_a_checkout_lives_thirty_minutes_to_a_day(open_checkout: OpenCheckout, minutes: int) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="expires_at") as refused:
        open_checkout(expires_at=int(time.time()) + minutes * 60)
    assert refused.value.param == "expires_at"


def test_the_open_checkouts_intent_is_not_to_be_cancelled(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    stripe_sandbox.press(session.url, "decline")
    intent_id = str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)
    with pytest.raises(stripe.InvalidRequestError, match="Expire the Session instead"):
        client.v1.payment_intents.cancel(intent_id)
    stripe_sandbox.pay(session.url)
    assert client.v1.payment_intents.cancel(intent_id).status == "canceled"


def test_a_checkout_saves_the_card_with_a_new_customer(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    keeping = {"capture_method": "manual", "setup_future_usage": "on_session"}
    session = open_checkout(payment_intent_data=keeping, customer_email="casey@example.com")
    assert "Your card is saved" in stripe_sandbox.browser.get(session.url).text
    stripe_sandbox.pay(session.url)
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["customer", "payment_intent"]})
    assert done.customer.email == "casey@example.com"
    kept = client.v1.payment_methods.list({"customer": done.customer.id, "type": "card"}).data
    assert [method.id for method in kept] == [done.payment_intent.payment_method]


def test_a_checkout_saves_no_card_without_consent(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    customer = client.v1.customers.create({"email": "casey@example.com"})
    session = open_checkout(customer=customer.id)
    stripe_sandbox.pay(session.url)
    assert client.v1.checkout.sessions.retrieve(session.id).customer == customer.id
    assert client.v1.customers.payment_methods.list(customer.id).data == []


def test_checkouts_are_found_by_payment_intent(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    paid, other = open_checkout(), open_checkout()
    stripe_sandbox.pay(paid.url)
    stripe_sandbox.pay(other.url)
    intent_id = str(client.v1.checkout.sessions.retrieve(paid.id).payment_intent)
    assert [found.id for found in client.v1.checkout.sessions.list({"payment_intent": intent_id}).data] == [paid.id]


def test_the_line_items_of_a_checkout_can_be_listed(client: Any, open_checkout: OpenCheckout) -> None:
    item = client.v1.checkout.sessions.line_items.list(open_checkout().id).data[0]
    assert (item.description, item.amount_total, item.quantity) == ("Standard Video", 2999, 1)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"line_items": None}, "line_items"),
        ({"success_url": None}, "success_url"),
        ({"success_url": "javascript:alert(1)"}, "success_url"),
        ({"success_url": "http://shop.test/\r\nSet-Cookie: a=b"}, "success_url"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"customer": "cus_nobody"}, "customer"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items[0][price]"),
        ({"payment_intent_data": {"amount": 1}}, "payment_intent_data[amount]"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
    ],
)
def test_a_checkout_that_stripe_refuses_is_refused(
    open_checkout: OpenCheckout, changes: dict[str, object], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        open_checkout(**changes)
    assert (refused.value.http_status, refused.value.param) == (400, param)


@pytest.mark.parametrize(("amount", "quantity"), [(49, 1), (-2999, 1), (2999, 0), (2999, -1), (100_000_000, 1)])
def test_a_checkout_amount_outside_stripes_bounds_is_refused(
    open_checkout: OpenCheckout, amount: int, quantity: int
) -> None:
    price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Standard Video"}}
    with pytest.raises(stripe.InvalidRequestError):
        open_checkout(line_items=[{"price_data": price, "quantity": quantity}])


def test_the_page_of_an_unknown_checkout_is_a_404(stripe_sandbox: RunningSandbox) -> None:
    page: httpx.Response = stripe_sandbox.browser.get("/pay/cs_test_nothing")
    assert (page.status_code, "There is no such page" in page.text) == (404, True)
