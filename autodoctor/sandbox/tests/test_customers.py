"""Customers and the cards they leave with us."""

from typing import Any

import pytest
import stripe

from tests.kit.stripe_sandbox import RunningSandbox


def test_a_customer_is_kept_changed_and_deleted(client: Any, stripe_sandbox: RunningSandbox) -> None:
    made = client.v1.customers.create({"email": "casey@example.com", "name": "Casey", "metadata": {"user_id": "7"}})
    client.v1.customers.update(made.id, {"name": "Casey Customer"})
    kept = client.v1.customers.retrieve(made.id)
    assert (kept.email, kept.name, kept.metadata and kept.metadata.to_dict()) == (
        "casey@example.com",
        "Casey Customer",
        {"user_id": "7"},
    )
    assert [found.id for found in client.v1.customers.list({"email": "casey@example.com"}).data] == [made.id]
    assert client.v1.customers.delete(made.id).deleted is True
    assert client.v1.customers.retrieve(made.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.payment_methods.attach("pm_card_visa", {"customer": made.id})
    types = [event["type"] for event in stripe_sandbox.events()]
    assert types == ["customer.created", "customer.updated", "customer.deleted"]


def test_metadata_of_a_customer_may_have_any_key(client: Any) -> None:
    notes = {"0": "zero", "a-b": "é & ü=1", "7": ""}
    made = client.v1.customers.create({"metadata": notes})
    assert made.metadata.to_dict() == {"0": "zero", "a-b": "é & ü=1"}
    assert client.v1.customers.update(made.id, {"metadata": {"0": ""}}).metadata.to_dict() == {"a-b": "é & ü=1"}
    assert client.v1.customers.update(made.id, {"metadata": ""}).metadata.to_dict() == {}


def test_a_card_is_attached_listed_and_detached_for_good(client: Any) -> None:
    customer = client.v1.customers.create({})
    card = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    assert card.card is not None
    assert (card.card.brand, card.card.last4, card.customer) == ("mastercard", "4444", customer.id)
    assert [found.id for found in client.v1.customers.payment_methods.list(customer.id).data] == [card.id]
    assert client.v1.payment_methods.detach(card.id).customer is None
    assert client.v1.payment_methods.list({"customer": customer.id}).data == []
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(card.id, {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        client.v1.payment_methods.detach(card.id)


def test_a_declined_card_cannot_be_attached_except_the_one_that_fails_later(client: Any) -> None:
    customer = client.v1.customers.create({})
    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})
    assert declined.value.code == "card_declined"
    client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})


def test_a_card_that_another_customer_owns_cannot_be_taken(client: Any) -> None:
    customer, stranger = client.v1.customers.create({}), client.v1.customers.create({})
    card = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        client.v1.payment_methods.attach(card.id, {"customer": stranger.id})
