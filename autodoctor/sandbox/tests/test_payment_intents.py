"""PaymentIntents without Checkout: extensions are paid with the saved card, capture and release come later."""

from typing import Any

import pytest
import stripe

from tests.kit.stripe_sandbox import RunningSandbox


@pytest.fixture
def hold(client: Any) -> Any:
    """Confirm a PaymentIntent on-session with a saved card, as an extension does."""

    def create(card: str = "pm_card_visa", **changes: Any) -> Any:
        customer = client.v1.customers.create({"email": "casey@example.com"})
        method = client.v1.payment_methods.attach(card, {"customer": customer.id})
        params: Any = {
            "amount": 1499,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": method.id,
            "allowed_payment_method_types": ["card"],
            "capture_method": "manual",
            "confirm": True,
            "return_url": "http://shop.test/session?tab=1",
            "metadata": {"payment_id": "ours"},
            "expand": ["latest_charge"],
        }
        return client.v1.payment_intents.create(params | changes)

    return create


def test_an_intent_waits_for_a_card_then_for_its_confirmation(client: Any) -> None:
    intent = client.v1.payment_intents.create({"amount": 1499, "currency": "usd"})
    assert intent.status == "requires_payment_method"
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.confirm(intent.id)
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        client.v1.payment_intents.confirm(intent.id, {"return_url": "http://shop.test/"})
    given = client.v1.payment_intents.create({"amount": 1499, "currency": "usd", "payment_method": "pm_card_visa"})
    assert given.status == "requires_confirmation"
    assert client.v1.payment_intents.confirm(given.id, {"return_url": "http://shop.test/"}).status == "succeeded"


def test_a_saved_card_is_held_at_once(hold: Any) -> None:
    intent = hold()
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 1499)
    assert intent.latest_charge.payment_method_details.card.last4 == "4242"


def test_capturing_a_part_releases_the_rest_without_a_refund(
    client: Any, hold: Any, stripe_sandbox: RunningSandbox
) -> None:
    done = client.v1.payment_intents.capture(
        hold().id, {"amount_to_capture": 1000, "expand": ["latest_charge.refunds"]}
    )
    assert (done.status, done.amount_received, done.amount_capturable) == ("succeeded", 1000, 0)
    charge: Any = done.latest_charge
    assert (charge.captured, charge.amount, charge.amount_captured) == (True, 1499, 1000)
    assert (charge.amount_refunded, charge.refunded, charge.refunds.data) == (0, False, [])
    types = [event["type"] for event in stripe_sandbox.events()]
    assert types[-2:] == ["charge.captured", "payment_intent.succeeded"]


def test_no_more_is_captured_than_was_held_and_only_once(client: Any, hold: Any) -> None:
    intent = hold()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})
    assert (refused.value.code, refused.value.param) == ("amount_too_large", "amount_to_capture")
    client.v1.payment_intents.capture(intent.id)
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.payment_intents.capture(intent.id)
    assert again.value.code == "payment_intent_unexpected_state"


def test_no_less_is_captured_than_can_be_charged(client: Any, hold: Any) -> None:
    intent = hold()
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 49})
    assert refused.value.code == "amount_too_small"
    assert client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 50}).amount_received == 50


def test_cancelling_releases_the_hold_without_a_refund(client: Any, hold: Any, stripe_sandbox: RunningSandbox) -> None:
    ended = client.v1.payment_intents.cancel(
        hold().id, {"cancellation_reason": "requested_by_customer", "expand": ["latest_charge.refunds"]}
    )
    assert (ended.status, ended.amount_capturable) == ("canceled", 0)
    assert ended.cancellation_reason == "requested_by_customer"
    charge: Any = ended.latest_charge
    assert (charge.captured, charge.amount_captured, charge.refunded, charge.refunds.data) == (False, 0, False, [])
    assert stripe_sandbox.events()[-1]["type"] == "payment_intent.canceled"
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        client.v1.payment_intents.capture(ended.id)


def test_a_charged_payment_cannot_be_cancelled(client: Any, hold: Any) -> None:
    intent = hold(capture_method="automatic")
    assert intent.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(intent.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_a_hold_that_nobody_captures_expires_after_a_week(
    client: Any, hold: Any, stripe_sandbox: RunningSandbox
) -> None:
    intent = hold()
    stripe_sandbox.advance(7 * 24 * 60 * 60)
    ended = client.v1.payment_intents.retrieve(intent.id)
    assert (ended.status, ended.cancellation_reason) == ("canceled", "expired")
    assert [event["type"] for event in stripe_sandbox.events()][-2:] == ["charge.expired", "payment_intent.canceled"]


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ],
)
def test_a_declined_card_says_why_and_stays_on_the_payment_intent(
    client: Any, stripe_sandbox: RunningSandbox, card: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as declined:
        _confirmed(client, card)
    error: Any = declined.value
    assert (error.http_status, error.code, error.error.decline_code) == (402, code, decline_code)
    intent = client.v1.payment_intents.retrieve(error.error.payment_intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert (intent.last_payment_error.code, intent.latest_charge) == (code, error.error.charge)
    assert client.v1.charges.retrieve(error.error.charge).status == "failed"
    assert stripe_sandbox.events()[-1]["type"] == "payment_intent.payment_failed"
    paid = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "requires_capture"


def _confirmed(client: Any, card: str, **changes: Any) -> Any:
    params: Any = {
        "amount": 1499,
        "currency": "usd",
        "payment_method": card,
        "allowed_payment_method_types": ["card"],
        "capture_method": "manual",
        "confirm": True,
    }
    return client.v1.payment_intents.create(params | changes)


@pytest.mark.parametrize(("approve", "status"), [(True, "requires_capture"), (False, "requires_payment_method")])
def test_the_bank_authenticates_a_payment_intent_on_a_page_and_leads_back(
    client: Any, hold: Any, stripe_sandbox: RunningSandbox, approve: bool, status: str
) -> None:
    intent = hold("pm_card_authenticationRequired")
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    page = intent.next_action.redirect_to_url.url
    assert "Your bank asks for a confirmation" in stripe_sandbox.browser.get(page).text
    back = stripe_sandbox.press(page, "approve" if approve else "fail")
    result = "succeeded" if approve else "failed"
    assert back.headers["Location"] == (
        f"http://shop.test/session?tab=1&payment_intent={intent.id}"
        f"&payment_intent_client_secret={intent.client_secret}&redirect_status={result}"
    )
    after = client.v1.payment_intents.retrieve(intent.id)
    assert (after.status, after.next_action) == (status, None)
    if not approve:
        assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert "does not need a confirmation" in stripe_sandbox.browser.get(page).text


def test_a_card_may_still_be_declined_after_the_bank_agreed(
    client: Any, hold: Any, stripe_sandbox: RunningSandbox
) -> None:
    intent = hold("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")
    back = stripe_sandbox.authenticate(intent.id)
    assert "redirect_status=failed" in back.headers["Location"]
    after = client.v1.payment_intents.retrieve(intent.id)
    assert after.last_payment_error.decline_code == "insufficient_funds"


def test_a_payment_intent_can_be_cancelled_before_the_bank_answers(
    client: Any, hold: Any, stripe_sandbox: RunningSandbox
) -> None:
    intent = hold("pm_card_authenticationRequired")
    client.v1.payment_intents.cancel(intent.id)
    stripe_sandbox.authenticate(intent.id)
    assert client.v1.payment_intents.retrieve(intent.id).status == "canceled"
    assert client.v1.charges.list().data == []


def test_an_off_session_payment_that_needs_authentication_is_declined(hold: Any) -> None:
    with pytest.raises(stripe.CardError) as declined:
        hold("pm_card_authenticationRequired", off_session=True)
    assert declined.value.code == "authentication_required"


def test_a_confirmed_payment_intent_needs_a_return_url_unless_redirects_are_off(client: Any) -> None:
    params: Any = {"amount": 1499, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        client.v1.payment_intents.create(params)
    never = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    assert client.v1.payment_intents.create(params | never).status == "succeeded"


def test_a_card_belongs_to_one_customer_and_without_one_is_used_once(client: Any) -> None:
    customer, other = client.v1.customers.create({}), client.v1.customers.create({})
    kept = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="attached to a customer"):
        _confirmed(client, kept.id)
    with pytest.raises(stripe.InvalidRequestError, match="different customer"):
        _confirmed(client, kept.id, customer=other.id)
    loose = str(_confirmed(client, "pm_card_visa").payment_method)
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        _confirmed(client, loose)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"amount": 49}, "amount"),
        ({"amount": "12.5"}, "amount"),
        ({"currency": "doubloons"}, "currency"),
        ({"payment_method": "pm_nothing"}, "payment_method"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"price": 5}, "price"),
        ({"confirm": False, "return_url": "http://shop.test/"}, "return_url"),
    ],
)
def test_a_payment_intent_that_stripe_refuses_is_refused(client: Any, changes: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        _confirmed(client, "pm_card_visa", **({"confirm": True} | changes))
    assert (refused.value.http_status, refused.value.param) == (400, param)
    assert client.v1.payment_intents.list().data == []
