"""The sandbox's controls and buttons: card behaviors; late, repeated and reordered deliveries."""

from typing import Any

import httpx
import pytest
import stripe

from autodoctor.sandbox.tests.conftest import OpenCheckout, Receiver
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.waiting import until

REASONS = {
    "pm_card_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_chargeDeclinedExpiredCard": "expired_card",
    "pm_card_chargeDeclinedLostCard": "lost_card",
    "pm_card_chargeDeclinedProcessingError": "processing_error",
}


def by_hand(sandbox: RunningSandbox, verb: str, **form: Any) -> httpx.Response:
    return sandbox.browser.post(f"/by-hand/{verb}", data=form)


@pytest.fixture
def kept(client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox) -> Any:
    """A card kept by paying a Checkout, as the product keeps one."""
    customer = client.v1.customers.create({"email": "casey@example.com"})
    data = {"capture_method": "manual", "setup_future_usage": "on_session"}
    session = open_checkout(customer=customer.id, payment_intent_data=data)
    stripe_sandbox.pay(session.url)
    return client.v1.payment_methods.list({"customer": customer.id}).data[0]


def hold(client: Any, card: Any, **changes: Any) -> Any:
    params: Any = {
        "amount": 1499,
        "currency": "usd",
        "customer": card.customer,
        "payment_method": card.id,
        "allowed_payment_method_types": ["card"],
        "capture_method": "manual",
        "confirm": True,
        "return_url": "http://shop.test/session",
    }
    return client.v1.payment_intents.create(params | changes)


@pytest.mark.parametrize(("behaves_as", "reason"), REASONS.items(), ids=REASONS.values())
def test_a_saved_card_declines_by_reason(
    client: Any, kept: Any, stripe_sandbox: RunningSandbox, behaves_as: str, reason: str
) -> None:
    stripe_sandbox.control("cards", customer=kept.customer, behaves_as=behaves_as)
    with pytest.raises(stripe.CardError) as declined:
        hold(client, kept)
    error: Any = declined.value.error
    assert error.decline_code == reason
    intent = client.v1.payment_intents.retrieve(error.payment_intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.last_payment_error.decline_code) == ("requires_payment_method", reason)
    assert (intent.latest_charge.paid, intent.latest_charge.payment_method_details.card.last4) == (False, "4242")
    assert client.v1.payment_intents.cancel(intent.id).status == "canceled"


@pytest.mark.parametrize(
    ("approve", "behaves_as", "status"),
    [
        (True, "pm_card_authenticationRequired", "requires_capture"),
        (False, "pm_card_authenticationRequired", "requires_payment_method"),
        (True, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "requires_payment_method"),
    ],
)
def test_a_saved_card_has_the_bank_ask_first(
    client: Any, kept: Any, stripe_sandbox: RunningSandbox, approve: bool, behaves_as: str, status: str
) -> None:
    by_hand(stripe_sandbox, "cards", payment_method=kept.id, behaves_as=behaves_as)
    intent = hold(client, kept)
    assert intent.status == "requires_action"
    assert intent.next_action.redirect_to_url.url == f"{stripe_sandbox.url}/authenticate/{intent.id}"
    back = stripe_sandbox.authenticate(intent.id, approve=approve).headers["Location"]
    assert back.startswith("http://shop.test/session?payment_intent=pi_")
    assert client.v1.payment_intents.retrieve(intent.id).status == status


def test_a_canceled_intent_cannot_be_confirmed(client: Any, kept: Any, stripe_sandbox: RunningSandbox) -> None:
    stripe_sandbox.control("cards", payment_method=kept.id, behaves_as="pm_card_authenticationRequired")
    intent = hold(client, kept)
    client.v1.payment_intents.cancel(intent.id)
    stripe_sandbox.authenticate(intent.id)
    assert client.v1.payment_intents.retrieve(intent.id).status == "canceled"


def test_an_off_session_payment_with_a_card_that_needs_authentication_is_declined(
    client: Any, kept: Any, stripe_sandbox: RunningSandbox
) -> None:
    stripe_sandbox.control("cards", payment_method=kept.id, behaves_as="pm_card_authenticationRequired")
    with pytest.raises(stripe.CardError) as declined:
        hold(client, kept, off_session=True)
    error: Any = declined.value.error
    assert error.code == "authentication_required"


def test_a_saved_card_is_only_its_customers(client: Any, kept: Any) -> None:
    other = client.v1.customers.create({"email": "other@example.com"})
    with pytest.raises(stripe.InvalidRequestError, match="different customer"):
        hold(client, kept, customer=other.id)


def test_a_checkout_is_expired_by_hand(
    client: Any, open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    session = open_checkout()
    assert by_hand(stripe_sandbox, "checkouts", checkout=session.id).status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"


def test_webhook_deliveries_can_come_late_twice_and_out_of_order(
    client: Any, stripe_sandbox: RunningSandbox, receiver: Receiver, open_checkout: OpenCheckout
) -> None:
    stripe_sandbox.deliver_to(receiver.url)
    by_hand(stripe_sandbox, "webhooks", copies="2", delay_seconds="0", jitter_seconds="1", paused="")
    begun = {row["id"] for row in stripe_sandbox.control("deliveries")}
    stripe_sandbox.pay(open_checkout().url)
    rows = [row for row in stripe_sandbox.control("deliveries") if row["id"] not in begun]
    assert len(rows) == 8
    assert len({row["due_at"] for row in rows}) > 1
    until(lambda: len(receiver.events) == 8)
    assert sorted(receiver.types) == sorted(2 * [event["type"] for event in stripe_sandbox.events()])


def test_held_webhook_events_are_sent_by_hand_in_reverse(
    stripe_sandbox: RunningSandbox, receiver: Receiver, open_checkout: OpenCheckout
) -> None:
    stripe_sandbox.deliver_to(receiver.url)
    by_hand(stripe_sandbox, "webhooks", paused="yes")
    stripe_sandbox.pay(open_checkout().url)
    assert receiver.types == []
    by_hand(stripe_sandbox, "flush", order="reversed", copies="1")
    assert receiver.types == [event["type"] for event in stripe_sandbox.events()][::-1]


def test_a_dispute_is_opened_and_closed_by_hand(client: Any, kept: Any, stripe_sandbox: RunningSandbox) -> None:
    intent = hold(client, kept, capture_method="automatic")
    by_hand(stripe_sandbox, "disputes", charge=intent.latest_charge)
    [dispute] = client.v1.disputes.list({"payment_intent": intent.id}).data
    by_hand(stripe_sandbox, "disputes", dispute=dispute.id, won="yes")
    assert client.v1.disputes.retrieve(dispute.id).status == "won"


def test_the_overview_offers_only_the_actions_that_are_possible(
    client: Any, kept: Any, stripe_sandbox: RunningSandbox
) -> None:
    hold(client, kept, capture_method="automatic")
    page = stripe_sandbox.browser.get("/").text
    assert "casey@example.com" in page
    assert ">Expire<" not in page  # the one Checkout is paid
    assert page.count(">Dispute<") == 1  # of two charges one is only held


@pytest.mark.parametrize("verb", ["reset", "clock", "faults", "nothing"])
def test_the_sandbox_takes_no_other_actions_by_hand_than_its_buttons(stripe_sandbox: RunningSandbox, verb: str) -> None:
    assert by_hand(stripe_sandbox, verb).status_code == 404


def test_forms_of_other_sites_cannot_press_the_sandboxs_buttons(stripe_sandbox: RunningSandbox) -> None:
    foreign = stripe_sandbox.browser.post(
        "/by-hand/webhooks", data={"paused": "yes"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 404
    assert stripe_sandbox.control("webhooks").get("paused") is None
