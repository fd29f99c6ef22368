"""Refunds and disputes after the capture."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.kit.stripe_sandbox import RunningSandbox


def charged(client: Any, card: str = "pm_card_visa", *, captured: int | None = 1000) -> Any:
    params: Any = {
        "amount": 1499,
        "currency": "usd",
        "payment_method": card,
        "allowed_payment_method_types": ["card"],
        "capture_method": "manual",
        "confirm": True,
    }
    intent = client.v1.payment_intents.create(params)
    if captured is None:
        return intent
    return client.v1.payment_intents.capture(intent.id, {"amount_to_capture": captured})


def test_a_charge_is_refunded_in_parts_up_to_what_was_captured(client: Any, stripe_sandbox: RunningSandbox) -> None:
    intent = charged(client)
    first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 400, "metadata": {"refund_id": "ours"}})
    assert (first.status, first.amount, first.charge) == ("succeeded", 400, intent.latest_charge)
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (400, False)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 601})
    assert refused.value.param == "amount"
    client.v1.refunds.create({"charge": intent.latest_charge})
    whole = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (whole.amount_refunded, whole.refunded) == (1000, True)
    assert [refund.amount for refund in whole.refunds.data] == [600, 400]
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert again.value.code == "charge_already_refunded"
    assert len(stripe_sandbox.events("charge.refunded")) == 2
    assert len(stripe_sandbox.events("refund.created")) == 2


def test_a_charge_contains_its_ten_latest_refunds(client: Any) -> None:
    intent = charged(client)
    made = [client.v1.refunds.create({"payment_intent": intent.id, "amount": 10}).id for _ in range(11)]
    listed = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]}).refunds
    assert listed.has_more
    assert [refund.id for refund in listed.data] == made[:0:-1]


def test_parallel_refunds_never_exceed_the_capture(client: Any) -> None:
    intent = charged(client)

    def refund(_: int) -> int:
        try:
            return int(client.v1.refunds.create({"payment_intent": intent.id, "amount": 300}).amount)
        except stripe.InvalidRequestError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(refund, range(8))) == 900


def test_a_hold_is_not_refunded_but_cancelled(client: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="cancel it to release the hold"):
        client.v1.refunds.create({"payment_intent": charged(client, captured=None).id})


def test_refunds_are_listed_by_payment_and_their_metadata_updated(client: Any, stripe_sandbox: RunningSandbox) -> None:
    intent = charged(client)
    made = client.v1.refunds.create({"payment_intent": intent.id, "metadata": {"a": "1", "b": "2"}})
    changed = client.v1.refunds.update(made.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    assert [refund.id for refund in client.v1.refunds.list({"payment_intent": intent.id}).data] == [made.id]
    assert client.v1.refunds.list({"payment_intent": "pi_other"}).data == []
    assert stripe_sandbox.events()[-1]["type"] == "refund.updated"


def test_a_bank_may_send_a_refund_back(client: Any, stripe_sandbox: RunningSandbox) -> None:
    intent = charged(client)
    made = client.v1.refunds.create({"payment_intent": intent.id})
    stripe_sandbox.control("refunds", refund=made.id)
    assert client.v1.refunds.retrieve(made.id).status == "failed"
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert [event["type"] for event in stripe_sandbox.events()][-2:] == ["refund.updated", "refund.failed"]


def test_a_disputing_card_disputes_what_was_captured(client: Any, stripe_sandbox: RunningSandbox) -> None:
    intent = charged(client, "pm_card_createDispute")
    dispute = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
    assert (dispute.amount, dispute.reason, dispute.status) == (1000, "fraudulent", "needs_response")
    assert client.v1.charges.retrieve(intent.latest_charge).disputed is True
    told = [event["type"] for event in stripe_sandbox.events()]
    assert told[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        client.v1.refunds.create({"payment_intent": intent.id})


def test_a_dispute_can_be_opened_and_closed_through_the_control_api(
    client: Any, stripe_sandbox: RunningSandbox
) -> None:
    intent = charged(client)
    opened = stripe_sandbox.control("disputes", charge=intent.latest_charge, amount=500)
    stripe_sandbox.control("disputes", dispute=opened["id"], won=True)
    kept = client.v1.disputes.retrieve(opened["id"], {"expand": ["charge"]})
    charge: Any = kept.charge
    assert (kept.status, kept.amount, charge.disputed) == ("won", 500, True)
    told = [event["type"] for event in stripe_sandbox.events()]
    assert told[-2:] == ["charge.dispute.closed", "charge.dispute.funds_reinstated"]
    assert client.v1.refunds.create({"payment_intent": intent.id, "amount": 100}).amount == 100


def test_evidence_is_looked_at_before_a_dispute_is_lost(client: Any, stripe_sandbox: RunningSandbox) -> None:
    intent = charged(client)
    opened = stripe_sandbox.control("disputes", charge=intent.latest_charge, reason="product_unacceptable")
    seen = stripe_sandbox.control("disputes", dispute=opened["id"])
    assert (seen["status"], seen["evidence_details"]["has_evidence"]) == ("under_review", True)
    stripe_sandbox.control("disputes", dispute=opened["id"], won=False)
    [kept] = client.v1.disputes.list({"payment_intent": intent.id}).data
    assert (kept.status, kept.reason) == ("lost", "product_unacceptable")
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        client.v1.refunds.create({"payment_intent": intent.id})
