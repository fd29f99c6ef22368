"""Checkout Sessions: opened by the API, paid on the hosted page, expired by both or by time."""

from typing import Any

from autodoctor.sandbox import bank, forms, objects
from autodoctor.sandbox.errors import ApiError, invalid, missing
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json

SHORTEST_SECONDS = 30 * 60
LONGEST_SECONDS = 24 * 60 * 60
_USES = forms.choice("on_session", "off_session")

_PRODUCT = forms.fields(
    {"name": forms.text(), "description": forms.text(), "metadata": forms.metadata}, required=["name"]
)
_PRICE = forms.fields(
    {"currency": forms.currency, "unit_amount": forms.integer(), "product_data": _PRODUCT},
    required=["currency", "unit_amount", "product_data"],
)
_ITEM = forms.fields({"price_data": _PRICE, "quantity": forms.integer(least=1)}, required=["price_data", "quantity"])
_INTENT: dict[str, forms.Read] = {
    "capture_method": forms.choice("automatic", "automatic_async", "manual"),
    "description": forms.text(1000),
    "metadata": forms.metadata,
    "receipt_email": forms.text(800),
    "setup_future_usage": _USES,
    "statement_descriptor_suffix": forms.text(22),
    "transfer_group": forms.text(),
}
CREATE: dict[str, forms.Read] = {
    "allowed_payment_method_types": forms.each(forms.text(40)),
    "billing_address_collection": forms.choice("auto", "required"),
    "cancel_url": forms.url,
    "client_reference_id": forms.text(200),
    "customer": forms.text(),
    "customer_creation": forms.choice("always", "if_required"),
    "customer_email": forms.email,
    "expires_at": forms.timestamp,
    "line_items": forms.each(_ITEM),
    "locale": forms.text(10),
    "metadata": forms.metadata,
    "mode": forms.choice("payment"),
    "payment_intent_data": forms.fields(_INTENT),
    "submit_type": forms.choice("auto", "book", "donate", "pay"),
    "success_url": forms.url,
    "ui_mode": forms.choice("hosted_page"),
}


def create(desk: Desk, params: dict[str, Any]) -> Json:
    given = forms.read(params, CREATE, required=["mode", "line_items", "success_url"])
    _check_customer(desk, given)
    if not desk.switched("cards_enabled"):
        message = "No valid payment method types for this Checkout Session. Please ensure that you have activated "
        raise ApiError(message + "payment methods compatible with your chosen currency in your dashboard.")
    total = _total(given["line_items"])
    expires_at = given.get("expires_at", desk.now + LONGEST_SECONDS)
    if not SHORTEST_SECONDS <= expires_at - desk.now <= LONGEST_SECONDS:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise invalid("expires_at", message)
    return desk.save(_session(desk, given, total=total, expires_at=expires_at))


def _check_customer(desk: Desk, given: Json) -> None:
    if "customer" in given and ("customer_email" in given or "customer_creation" in given):
        extra = "customer_email" if "customer_email" in given else "customer_creation"
        raise invalid(extra, f"You may only specify one of these parameters: customer, {extra}.")
    if "customer" in given:
        desk.given("customer", given["customer"], "customer")


def _total(items: list[Json]) -> int:
    if not items:
        raise missing("line_items")
    if len({item["price_data"]["currency"] for item in items}) > 1:
        raise invalid("line_items", "You cannot combine currencies on a single Checkout Session.")
    total: int = sum(item["price_data"]["unit_amount"] * item["quantity"] for item in items)
    if total < bank.MINIMUM_CENTS:
        message = "The Checkout Session's total amount due must add up to at least $0.50 usd"
        raise invalid("line_items", message, code="amount_too_small")
    return total


def _session(desk: Desk, given: Json, *, total: int, expires_at: int) -> Json:
    id_ = objects.new_id("cs_test", 58)
    email = given.get("customer_email")
    creation = None if "customer" in given else given.get("customer_creation", "if_required")
    return {
        "id": id_,
        "object": "checkout.session",
        "allowed_payment_method_types": given.get("allowed_payment_method_types"),
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": given.get("billing_address_collection"),
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "client_secret": None,
        "created": desk.now,
        "currency": given["line_items"][0]["price_data"]["currency"],
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None},
        "customer": given.get("customer"),
        "customer_creation": creation,
        "customer_details": {"email": email, "name": None, "phone": None, "address": None} if email else None,
        "customer_email": email,
        "expires_at": expires_at,
        "livemode": False,
        "locale": given.get("locale"),
        "metadata": given.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,  # made when the customer first pays, since API version 2022-08-01
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "submit_type": given.get("submit_type"),
        "success_url": given["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{desk.pages}/pay/{id_}",
        "_items": given["line_items"],
        "_intent": given.get("payment_intent_data", {}),
    }


def line_items(session: Json) -> list[Json]:
    return [_line_item(session, number, item) for number, item in enumerate(session["_items"])]


def _line_item(session: Json, number: int, item: Json) -> Json:
    price, quantity = item["price_data"], item["quantity"]
    amount = price["unit_amount"] * quantity
    return {
        "id": f"li_{session['id'][8:30]}{number}",
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": price["product_data"]["name"],
        "price": {"object": "price", "currency": price["currency"], "unit_amount": price["unit_amount"]},
        "quantity": quantity,
    }


def expire(desk: Desk, session: Json) -> Json:
    """Expire an open Checkout. Raises ApiError if it is not open."""
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
        raise ApiError(message)
    closed = desk.save(session | {"status": "expired", "url": None}, "checkout.session.expired")
    if session["payment_intent"]:
        bank.cancel(desk, desk.find("payment_intent", session["payment_intent"]), "automatic")
    return closed


def expire_due(desk: Desk) -> None:
    for session in desk.store.find("checkout.session", equal={"status": "open"}, at_most={"expires_at": desk.now}):
        expire(desk, session)


def pay(desk: Desk, session: Json, card_name: str) -> Json:
    """Handle "Pay" on the hosted page; returns the PaymentIntent. Raises CardError for a decline."""
    intent = _intent_of(desk, session)
    intent = bank.choose(desk, intent, bank.payment_method(desk, card_name))
    intent = bank.confirm(desk, intent, return_url=session["success_url"])
    return intent if intent["status"] == "requires_action" else complete(desk, intent)


def _intent_of(desk: Desk, session: Json) -> Json:
    if session["payment_intent"]:
        return desk.find("payment_intent", session["payment_intent"])
    given = session["_intent"] | {"amount": session["amount_total"], "currency": session["currency"]}
    given |= {"customer": session["customer"] or _customer_for(desk, session), "allowed_payment_method_types": ["card"]}
    intent = objects.payment_intent(given, now=desk.now) | {"_checkout": session["id"]}
    desk.save(session | {"payment_intent": intent["id"]})
    return desk.save(intent, "payment_intent.created")


def _customer_for(desk: Desk, session: Json) -> str | None:
    wanted = session["customer_creation"] == "always" or session["_intent"].get("setup_future_usage")
    if not wanted:
        return None
    made = objects.customer({"email": session["customer_email"]}, now=desk.now)
    return str(desk.save(made, "customer.created")["id"])


def complete(desk: Desk, intent: Json) -> Json:
    """Complete the Checkout. A held payment is not `paid` yet, because no money has moved."""
    session = desk.find("checkout.session", intent["_checkout"])
    details = session["customer_details"] or {"email": _email(desk, intent), "name": None, "phone": None}
    done = {"status": "complete", "url": None, "customer": intent["customer"], "customer_details": details}
    paid = "paid" if intent["status"] == "succeeded" else "unpaid"
    desk.save(session | done | {"payment_status": paid}, "checkout.session.completed")
    return intent


def _email(desk: Desk, intent: Json) -> str | None:
    return desk.find("customer", intent["customer"])["email"] if intent["customer"] else None


def success_url(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])
