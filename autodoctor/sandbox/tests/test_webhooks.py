"""Events and their way to the receiver."""

import time
from pathlib import Path
from typing import Any

import pytest
import stripe

from autodoctor.sandbox import WEBHOOK_SECRET
from autodoctor.sandbox.tests.conftest import OpenCheckout, Receiver, checkout_params, client_of
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.waiting import until

NOWHERE = "http://127.0.0.1:9/"  # the discard port: nothing listens
HELD = {
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.amount_capturable_updated",
    "checkout.session.completed",
}


@pytest.fixture
def delivering(stripe_sandbox: RunningSandbox, receiver: Receiver) -> RunningSandbox:
    stripe_sandbox.deliver_to(receiver.url)
    return stripe_sandbox


def states(sandbox: RunningSandbox) -> list[str]:
    return [delivery["state"] for delivery in sandbox.control("deliveries")]


def test_webhook_events_arrive_signed_with_their_object(
    client: Any, delivering: RunningSandbox, receiver: Receiver, open_checkout: OpenCheckout
) -> None:
    session = open_checkout()
    delivering.pay(session.url)
    until(lambda: len(receiver.events) == 4)
    assert set(receiver.types) == HELD
    completed: Any = next(event for event in receiver.events if event.type == "checkout.session.completed")
    assert completed.data.object.id == session.id
    assert completed.data.object.payment_intent.startswith("pi_")
    assert (completed.livemode, completed.api_version) == (False, "2026-10-28.endive")
    assert client.v1.events.retrieve(completed.id).data.object.id == session.id
    assert {event.id for event in client.v1.events.list().data} == {event.id for event in receiver.events}
    of_type = client.v1.events.list({"type": "charge.succeeded"}).data
    assert [event.type for event in of_type] == ["charge.succeeded"]


def test_an_event_keeps_what_was_true_when_it_happened(
    client: Any, stripe_sandbox: RunningSandbox, open_checkout: OpenCheckout
) -> None:
    session = open_checkout()
    stripe_sandbox.pay(session.url)
    intent_id = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    client.v1.payment_intents.cancel(intent_id)
    held = stripe_sandbox.events("payment_intent.amount_capturable_updated")[0]
    assert held["data"]["object"]["status"] == "requires_capture"


def test_webhook_events_name_the_request_that_caused_them(client: Any, stripe_sandbox: RunningSandbox) -> None:
    made = client.v1.customers.create({}, {"idempotency_key": "one"})
    request = stripe_sandbox.events("customer.created")[0]["request"]
    assert request == {"id": made.last_response.request_id, "idempotency_key": "one"}


@pytest.mark.parametrize("status", [500, 302, 404])
def test_a_webhook_answered_with_anything_but_2xx_is_sent_again(
    client: Any, delivering: RunningSandbox, receiver: Receiver, status: int
) -> None:
    receiver.statuses += [status, status]
    client.v1.customers.create({})
    until(lambda: states(delivering) == ["delivered"])
    assert len({event.id for event in receiver.events}) == 1
    delivery = delivering.control("deliveries")[0]
    assert (delivery["attempts"], delivery["last_status"]) == (3, 200)


def test_an_unreachable_webhook_endpoint_is_tried_again_at_growing_intervals(
    client: Any, stripe_sandbox: RunningSandbox
) -> None:
    stripe_sandbox.deliver_to(NOWHERE)
    client.v1.customers.create({})
    until(lambda: stripe_sandbox.control("deliveries")[0]["attempts"] >= 2)
    delivery = stripe_sandbox.control("deliveries")[0]
    assert (delivery["state"], delivery["last_status"]) == ("waiting", None)
    assert "ConnectionRefusedError" in delivery["last_error"]
    assert delivery["due_at"] > delivery["first_at"] + 0.05


def test_without_an_endpoint_events_wait_until_there_is_one(
    client: Any, stripe_sandbox: RunningSandbox, receiver: Receiver
) -> None:
    client.v1.customers.create({})
    client.v1.customers.create({})
    assert states(stripe_sandbox) == ["waiting", "waiting"]
    stripe_sandbox.deliver_to(receiver.url)
    until(lambda: states(stripe_sandbox) == ["delivered", "delivered"])
    assert {delivery["attempts"] for delivery in stripe_sandbox.control("deliveries")} == {1}


def test_pending_webhook_deliveries_outlive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    first = RunningSandbox(tmp_path / "sandbox.sqlite3", webhook_url=NOWHERE).start()
    session = client_of(first).v1.checkout.sessions.create(checkout_params())
    first.pay(str(session.url))
    first.stop()
    second = RunningSandbox(tmp_path / "sandbox.sqlite3", webhook_url=receiver.url).start()
    try:
        until(lambda: set(receiver.types) == HELD)
        assert client_of(second).v1.checkout.sessions.retrieve(session.id).status == "complete"
    finally:
        second.stop()


def test_deliveries_can_be_held_and_sent_in_another_order(
    delivering: RunningSandbox, receiver: Receiver, open_checkout: OpenCheckout
) -> None:
    delivering.control("webhooks", paused=True)
    delivering.pay(open_checkout().url)
    assert receiver.events == []
    outcomes = delivering.control("flush", order="reversed")
    assert [outcome["status"] for outcome in outcomes] == [200] * 4
    assert receiver.types == [event["type"] for event in delivering.events()][::-1]
    assert set(states(delivering)) == {"delivered"}


def test_a_webhook_event_can_be_delivered_many_times_at_once(
    client: Any, delivering: RunningSandbox, receiver: Receiver
) -> None:
    delivering.control("webhooks", paused=True)
    client.v1.customers.create({})
    delivering.control("flush", copies=20, together=True)
    assert len(receiver.events) == 20
    assert len({event.id for event in receiver.events}) == 1


def test_chosen_webhook_events_are_sent_again(client: Any, delivering: RunningSandbox, receiver: Receiver) -> None:
    for _ in range(3):
        client.v1.customers.create({})
    until(lambda: len(receiver.events) == 3)
    first, _, last = delivering.events("customer.created")
    delivering.control("flush", events=[last["id"], first["id"]])
    assert [event.id for event in receiver.events[3:]] == [last["id"], first["id"]]


def test_deliveries_can_be_doubled_and_delayed(client: Any, delivering: RunningSandbox, receiver: Receiver) -> None:
    delivering.control("webhooks", copies=2, delay_seconds=0.3)
    begun = time.monotonic()
    client.v1.customers.create({})
    until(lambda: len(receiver.events) == 2)
    assert time.monotonic() - begun >= 0.3


def test_a_webhook_event_signed_by_a_test_is_valid(client: Any, stripe_sandbox: RunningSandbox) -> None:
    client.v1.customers.create({})
    body, signature = stripe_sandbox.signed(stripe_sandbox.events()[0])
    assert stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET).type == "customer.created"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body + " ", signature, WEBHOOK_SECRET)


def test_the_control_api_refuses_what_another_sites_form_could_send(stripe_sandbox: RunningSandbox) -> None:
    for verb in ("reset", "clock"):
        assert stripe_sandbox.browser.post(f"/_control/{verb}", data={"a": "b"}).status_code == 405
        assert stripe_sandbox.browser.get(f"/_control/{verb}").status_code == 405
    assert stripe_sandbox.browser.post("/_control/nonsense", json={}).status_code == 400
