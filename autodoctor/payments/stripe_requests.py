"""Requests to Stripe as the caller stores them: under the same key a request must be identical."""

from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.payments.stripe import ENTERED


def checkout(
    *,
    payment_id: UUID,
    owner_id: UUID,
    amount_cents: int,
    currency: str,
    description: str,
    customer_id: str,
    email: str,
    success_url: str,
    cancel_url: str,
    expires_at: datetime,
) -> dict[str, Any]:
    """Build the request for a Checkout page. The card is kept for a customer; without an address, the page asks."""
    ours = {"payment_id": str(payment_id), "owner_id": str(owner_id)}
    intent: dict[str, Any] = {"capture_method": "manual", "description": description, "metadata": ours}
    if customer_id:
        intent["setup_future_usage"] = "on_session"
    price = {"currency": currency, "unit_amount": amount_cents, "product_data": {"name": description}}
    return {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [{"quantity": 1, "price_data": price}],
        "metadata": ours,
        "client_reference_id": str(payment_id),
        "payment_intent_data": intent,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "expires_at": int(expires_at.timestamp()),
    } | ({"customer": customer_id} if customer_id else {"customer_email": email} if email else {})


def card_entry(
    *, payment_id: UUID, owner_id: UUID, amount_cents: int, currency: str, description: str, customer_id: str
) -> dict[str, Any]:
    """Build the request for an intent whose card the customer enters on our page. The card is kept for a customer.

    Cards, and wallets that give one: what else the dashboard allows cannot be held, or leads away from the page.
    """
    keeps = {"customer": customer_id, "setup_future_usage": "on_session"} if customer_id else {}
    return {
        "amount": amount_cents,
        "currency": currency,
        "allowed_payment_method_types": ["card"],
        "capture_method": "manual",
        "description": description,
        "metadata": {"payment_id": str(payment_id), "owner_id": str(owner_id), "way": ENTERED},
    } | keeps


def attempt(
    *,
    payment_id: UUID,
    owner_id: UUID,
    amount_cents: int,
    currency: str,
    description: str,
    customer_id: str,
    payment_method_id: str,
    return_url: str,
) -> dict[str, Any]:
    """Build the request for a hold on the saved card while its holder is present."""
    return {
        "amount": amount_cents,
        "currency": currency,
        "customer": customer_id,
        "payment_method": payment_method_id,
        "allowed_payment_method_types": ["card"],
        "capture_method": "manual",
        "confirm": True,
        "return_url": return_url,
        "description": description,
        "metadata": {"payment_id": str(payment_id), "owner_id": str(owner_id)},
    }
