"""Stripe's objects as JSON. Members with a leading underscore are internal."""

import secrets
import string
from datetime import UTC, datetime
from typing import Any

from autodoctor.sandbox.cards import Card
from autodoctor.sandbox.store import Json

API_VERSION = "2026-10-28.endive"  # the API version of stripe 16.1
_ALPHABET = string.ascii_letters + string.digits
AUTHORIZATION_LASTS_SECONDS = 7 * 24 * 60 * 60


def new_id(prefix: str, length: int = 24) -> str:
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


# Documented members that are always null here, so that the SDK knows them.
_NULL = {
    kind: dict.fromkeys(names.split())
    for kind, names in {
        "checkout.session": "after_expiration allow_promotion_codes branding_settings collected_information consent"
        " consent_collection currency_conversion customer_account discounts excluded_payment_method_types"
        " integration_identifier invoice invoice_creation name_collection optional_items origin_context payment_link"
        " payment_method_collection payment_method_configuration_details payment_method_options permissions"
        " phone_number_collection presentment_details recovered_from redirect_on_completion return_url"
        " saved_payment_method_options setup_intent shipping_address_collection shipping_cost subscription"
        " tax_id_collection wallet_options",
        "payment_intent": "amount_details application application_fee_amount customer_account"
        " excluded_payment_method_types hooks on_behalf_of payment_details payment_method_configuration_details"
        " payment_method_options payment_record presentment_details processing review shipping source"
        " statement_descriptor transfer_data",
        "charge": "application application_fee application_fee_amount authorization_code"
        " calculated_statement_descriptor failure_balance_transaction fraud_details level3 on_behalf_of"
        " presentment_details radar_options receipt_number review shipping source source_transfer"
        " statement_descriptor statement_descriptor_suffix transfer transfer_data",
        "refund": "customer customer_account description failure_balance_transaction failure_reason"
        " instructions_email next_action payment_method pending_reason presentment_details"
        " source_transfer_reversal transfer_reversal",
    }.items()
}


def public(thing: Any) -> Any:
    """Return a copy as Stripe shows it: without internal members, with nulls."""
    if isinstance(thing, dict):
        shown = {name: public(value) for name, value in thing.items() if not name.startswith("_")}
        return _NULL.get(str(thing.get("object")), {}) | shown
    return [public(value) for value in thing] if isinstance(thing, list) else thing


def a_list(url: str, data: list[Json], *, has_more: bool = False) -> Json:
    return {"object": "list", "url": url, "has_more": has_more, "data": data}


def customer(given: Json, *, now: int) -> Json:
    blank: Json = {"email": None, "name": None, "description": None, "phone": None, "address": None, "metadata": {}}
    fixed = {
        "id": new_id("cus", 14),
        "object": "customer",
        "created": now,
        "livemode": False,
        "balance": 0,
        "delinquent": False,
        "default_source": None,
        "invoice_settings": {"default_payment_method": None},
    }
    return blank | given | fixed


def payment_method(name: str, card: Card, *, now: int) -> Json:
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "created": now,
        "livemode": False,
        "type": "card",
        "customer": None,
        "metadata": {},
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "allow_redisplay": "unspecified",
        "card": {
            "brand": card.brand,
            "display_brand": card.brand,
            "last4": card.last4,
            "exp_month": 12,
            "exp_year": 2035,
            "country": "US",
            "funding": "credit",
            "three_d_secure_usage": {"supported": True},
        },
        "_card": name,
        "_used": False,
    }


def payment_intent(given: Json, *, now: int) -> Json:
    id_ = new_id("pi")
    automatic = not given.get("allowed_payment_method_types")
    settings = {"enabled": True, "allow_redirects": "always"} | given.get("automatic_payment_methods", {})
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": given["amount"],
        "amount_capturable": 0,
        "amount_received": 0,
        "allowed_payment_method_types": given.get("allowed_payment_method_types"),
        "automatic_payment_methods": settings if automatic else None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": given.get("capture_method", "automatic_async"),
        "client_secret": f"{id_}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": given["currency"],
        "customer": given.get("customer"),
        "description": given.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "receipt_email": given.get("receipt_email"),
        "setup_future_usage": given.get("setup_future_usage"),
        "statement_descriptor_suffix": given.get("statement_descriptor_suffix"),
        "status": "requires_payment_method",
        "transfer_group": given.get("transfer_group"),
        "_checkout": None,
        "_return_url": None,
    }


def charge(intent: Json, method: Json, *, now: int, lasts_seconds: int = AUTHORIZATION_LASTS_SECONDS) -> Json:
    """Build a successful, uncaptured charge. The bank keeps its hold for `lasts_seconds`."""
    card = method["card"]
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "captured": False,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "outcome": {"network_status": "approved_by_network", "reason": None, "type": "authorized"},
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {
            "type": "card",
            "card": {
                **{name: card[name] for name in ("brand", "last4", "exp_month", "exp_year", "country", "funding")},
                "amount_authorized": intent["amount"],
                "capture_before": now + lasts_seconds,
            },
        },
        "receipt_email": intent["receipt_email"],
        "receipt_url": None,
        "refunded": False,
        "status": "succeeded",
        "transfer_group": intent["transfer_group"],
    }


def refund(charge_: Json, *, amount: int, reason: str | None, metadata: Json, now: int) -> Json:
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": charge_["id"],
        "created": now,
        "currency": charge_["currency"],
        "destination_details": {"type": "card", "card": {"type": "refund", "reference_status": "pending"}},
        "metadata": metadata,
        "payment_intent": charge_["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "status": "succeeded",
    }


def dispute(charge_: Json, *, amount: int, reason: str, now: int) -> Json:
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge_["id"],
        "created": now,
        "currency": charge_["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + AUTHORIZATION_LASTS_SECONDS,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "manual",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge_["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }


def dispute_transaction(dispute_: Json, amount: int, *, now: int) -> Json:
    """Build the balance transaction of a dispute: taken (negative), or returned."""
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "created": now,
        "currency": dispute_["currency"],
        "net": amount,
        "fee": 0,
        "source": dispute_["id"],
        "type": "adjustment",
    }


def event(kind: str, thing: Json, *, now: int, request_id: str | None, idempotency_key: str | None) -> Json:
    """Build an event; one of a connected account names it."""
    account = thing["id"] if thing["object"] == "account" else thing.get("_account")
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": public(thing)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": kind,
    } | ({"account": account} if account else {})


def thin(event_: Json) -> Json:
    """Return the event as a destination for thin events gets it."""
    about = event_["data"]["object"]
    kind = about["object"]
    return {
        "id": event_["id"],
        "object": "v2.core.event",
        "type": f"v1.{event_['type']}",
        "livemode": False,
        "created": datetime.fromtimestamp(event_["created"], UTC).isoformat(),
        "context": event_.get("account"),
        "related_object": {"id": about["id"], "type": kind, "url": f"/v1/{kind.replace('.', '/')}s/{about['id']}"},
    }
