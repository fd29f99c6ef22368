"""The endpoints. Parameters that Stripe or this sandbox does not know are refused."""

from collections.abc import Callable
from typing import Any

from autodoctor.sandbox import bank, checkouts, forms, objects
from autodoctor.sandbox.errors import ApiError, CardError, invalid, missing, unexpected_state
from autodoctor.sandbox.forms import LIST, Read
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json

Params = dict[str, Any]
Operation = Callable[..., Json]  # (desk, params, *ids from the path)


def retrieve(kind: str, param: str) -> Operation:
    def operation(desk: Desk, params: Params, id_: str) -> Json:
        forms.read(params, {})
        return desk.find(kind, id_, param)

    return operation


def listing(kind: str, url: str, **filters: Read) -> Operation:
    """Return a page, newest first; `filters` compare members of the object."""

    def operation(desk: Desk, params: Params) -> Json:
        given = forms.read(params, LIST | filters)
        for cursor in ("starting_after", "ending_before"):
            if cursor in given:
                desk.given(kind, given[cursor], cursor)
        limit = given.get("limit", 10)
        found = desk.store.find(
            kind,
            equal={name: given[name] for name in filters if name in given},
            created=given.get("created"),
            after=given.get("starting_after", ""),
            before=given.get("ending_before", ""),
            limit=limit + 1,
        )
        page = found[-limit:] if "ending_before" in given else found[:limit]
        return objects.a_list(url, page, has_more=len(found) > limit)

    return operation


def updating(kind: str, param: str, shape: dict[str, Read], *events: str) -> Operation:
    def operation(desk: Desk, params: Params, id_: str) -> Json:
        thing = desk.find(kind, id_, param)
        return desk.update(thing, forms.read(params, shape), *events)

    return operation


# Checkout Sessions


def expire_checkout(desk: Desk, params: Params, id_: str) -> Json:
    forms.read(params, {})
    return checkouts.expire(desk, desk.find("checkout.session", id_, "session"))


def checkout_items(desk: Desk, params: Params, id_: str) -> Json:
    forms.read(params, LIST)
    session = desk.find("checkout.session", id_, "session")
    return objects.a_list(f"/v1/checkout/sessions/{id_}/line_items", checkouts.line_items(session))


# PaymentIntents

_CONFIRM: dict[str, Read] = {
    "payment_method": forms.text(),
    "off_session": forms.boolean,
    "return_url": forms.url,
    "error_on_requires_action": forms.boolean,
}
_AUTOMATIC = forms.fields({"enabled": forms.boolean, "allow_redirects": forms.choice("always", "never")}, ["enabled"])
_INTENT: dict[str, Read] = _CONFIRM | {
    "allowed_payment_method_types": forms.each(forms.text(40)),
    "amount": forms.integer(),
    "automatic_payment_methods": _AUTOMATIC,
    "capture_method": forms.choice("automatic", "automatic_async", "manual"),
    "confirm": forms.boolean,
    "currency": forms.currency,
    "customer": forms.text(),
    "description": forms.text(1000),
    "metadata": forms.metadata,
    "receipt_email": forms.text(800),
    "setup_future_usage": forms.choice("on_session", "off_session"),
    "statement_descriptor_suffix": forms.text(22),
    "transfer_group": forms.text(),
}


def create_intent(desk: Desk, params: Params) -> Json:
    given = forms.read(params, _INTENT, required=["amount", "currency"])
    _check_intent(given)
    if "customer" in given:
        desk.given("customer", given["customer"], "customer")
    intent = desk.save(objects.payment_intent(given, now=desk.now), "payment_intent.created")
    return _choose_and_confirm(desk, intent, given, confirm=given.get("confirm", False))


def _check_intent(given: Json) -> None:
    if given["amount"] < bank.MINIMUM_CENTS:
        raise invalid("amount", "Amount must be at least $0.50 usd", code="amount_too_small")
    if "allowed_payment_method_types" in given and "automatic_payment_methods" in given:
        message = "You may only specify one of these parameters: allowed_payment_method_types, "
        raise invalid("allowed_payment_method_types", message + "automatic_payment_methods.")
    for name in ("off_session", "return_url", "error_on_requires_action"):
        if name in given and not given.get("confirm"):
            raise invalid(name, f"The parameter `{name}` cannot be passed when creating without `confirm=true`.")


def confirm_intent(desk: Desk, params: Params, id_: str) -> Json:
    given = forms.read(params, _CONFIRM)
    intent = desk.find("payment_intent", id_, "intent")
    if intent["_checkout"]:
        raise ApiError("You cannot confirm the PaymentIntent of a Checkout Session.")
    return _choose_and_confirm(desk, intent, given, confirm=True)


def _choose_and_confirm(desk: Desk, intent: Json, given: Json, *, confirm: bool) -> Json:
    if "payment_method" in given:
        intent = bank.choose(desk, intent, bank.payment_method(desk, given["payment_method"]))
    if not confirm:
        return intent
    dynamic = intent["automatic_payment_methods"]
    if dynamic and dynamic["allow_redirects"] == "always" and "return_url" not in given:
        message = (
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of "
            "these payment methods might redirect your customer off of your page, you must provide a `return_url`. "
            "If you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to "
            "`never` when creating Setup Intents and Payment Intents."
        )
        raise ApiError(message)
    off_session = given.get("off_session", False) or given.get("error_on_requires_action", False)
    return bank.confirm(desk, intent, off_session=off_session, return_url=given.get("return_url"))


def capture_intent(desk: Desk, params: Params, id_: str) -> Json:
    shape: dict[str, Read] = {
        "amount_to_capture": forms.integer(least=1),
        "final_capture": forms.boolean,
        "metadata": forms.metadata_change,
        "statement_descriptor_suffix": forms.text(22),
    }
    given = forms.read(params, shape)
    intent = bank.capture(desk, desk.find("payment_intent", id_, "intent"), given.get("amount_to_capture"))
    return desk.update(intent, {"metadata": given["metadata"]}) if "metadata" in given else intent


def cancel_intent(desk: Desk, params: Params, id_: str) -> Json:
    reasons = forms.choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")
    given = forms.read(params, {"cancellation_reason": reasons})
    intent = desk.find("payment_intent", id_, "intent")
    if intent["_checkout"] and intent["status"].startswith("requires_") and intent["status"] != "requires_capture":
        message = "You cannot cancel the PaymentIntent of an open Checkout Session. Expire the Session instead."
        raise unexpected_state(message, objects.public(intent))
    return bank.cancel(desk, intent, given.get("cancellation_reason"))


# Refunds


def create_refund(desk: Desk, params: Params) -> Json:
    shape: dict[str, Read] = {
        "amount": forms.integer(least=1),
        "charge": forms.text(),
        "metadata": forms.metadata,
        "payment_intent": forms.text(),
        "reason": forms.choice("duplicate", "fraudulent", "requested_by_customer"),
    }
    given = forms.read(params, shape)
    charge = _refundable(desk, given)
    return bank.refund(
        desk,
        charge,
        amount=given.get("amount"),
        reason=given.get("reason"),
        metadata=given.get("metadata", {}),
    )


def _refundable(desk: Desk, given: Json) -> Json:
    if "charge" in given:
        return desk.given("charge", given["charge"], "charge")
    if "payment_intent" not in given:
        raise missing("payment_intent")
    intent = desk.given("payment_intent", given["payment_intent"], "payment_intent")
    if not intent["latest_charge"]:
        raise ApiError(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return desk.find("charge", intent["latest_charge"])


# Customers and their cards

CUSTOMER: dict[str, Read] = {
    "description": forms.text(),
    "email": forms.email,
    "metadata": forms.metadata,
    "name": forms.text(256),
    "phone": forms.text(20),
}


def retrieve_customer(desk: Desk, params: Params, id_: str) -> Json:
    """Return a customer; a deleted one with few members."""
    forms.read(params, {})
    found = desk.store.get(id_)
    return found if found and found.get("deleted") else desk.find("customer", id_, "customer")


def create_customer(desk: Desk, params: Params) -> Json:
    given = forms.read(params, CUSTOMER | {"payment_method": forms.text()})
    card = given.pop("payment_method", None)
    customer = desk.save(objects.customer(given, now=desk.now), "customer.created")
    if card:
        attach(desk, {"customer": customer["id"]}, card)
    return customer


def delete_customer(desk: Desk, params: Params, id_: str) -> Json:
    forms.read(params, {})
    customer = desk.find("customer", id_, "customer")
    for method in desk.store.find("payment_method", equal={"customer": id_}):
        desk.save(method | {"customer": None}, "payment_method.detached")
    desk.emit("customer.deleted", customer)
    tombstone = {"id": id_, "object": "customer", "deleted": True}
    desk.store.put(tombstone | {"created": customer["created"]})
    return tombstone


def attach(desk: Desk, params: Params, name: str) -> Json:
    given = forms.read(params, {"customer": forms.text()}, required=["customer"])
    customer = desk.given("customer", given["customer"], "customer")
    method = bank.payment_method(desk, name)
    card = bank.card_of(method)
    if not card.attaches:
        raise CardError(
            {"type": "card_error", "code": card.code, "decline_code": card.decline, "message": card.message}
        )
    if method["customer"] not in (None, customer["id"]):
        raise ApiError("The payment method you provided has already been attached to a customer.")
    if method["_used"] and not method["customer"]:
        message = (
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again."
        )
        raise ApiError(message)
    return desk.save(method | {"customer": customer["id"]}, "payment_method.attached")


def detach(desk: Desk, params: Params, id_: str) -> Json:
    forms.read(params, {})
    method = desk.find("payment_method", id_, "payment_method")
    if not method["customer"]:
        raise ApiError("The payment method you provided is not attached to a customer so detachment is impossible.")
    return desk.save(method | {"customer": None, "_used": True}, "payment_method.detached")


def retrieve_method(desk: Desk, params: Params, name: str) -> Json:
    forms.read(params, {})
    return bank.payment_method(desk, name)


def customers_methods(desk: Desk, params: Params, customer_id: str) -> Json:
    desk.find("customer", customer_id, "customer")
    found = list_methods(desk, params | {"customer": customer_id})
    return found | {"url": f"/v1/customers/{customer_id}/payment_methods"}


list_methods = listing(
    "payment_method", "/v1/payment_methods", customer=forms.text(), type=forms.choice("card", "link")
)
list_charges = listing("charge", "/v1/charges", customer=forms.text(), payment_intent=forms.text())
list_disputes = listing("dispute", "/v1/disputes", charge=forms.text(), payment_intent=forms.text())
list_warnings = listing(
    "radar.early_fraud_warning", "/v1/radar/early_fraud_warnings", charge=forms.text(), payment_intent=forms.text()
)
list_refunds = listing("refund", "/v1/refunds", charge=forms.text(), payment_intent=forms.text())
list_intents = listing("payment_intent", "/v1/payment_intents", customer=forms.text())
list_events = listing("event", "/v1/events", type=forms.text())
list_customers = listing("customer", "/v1/customers", email=forms.text(512))
list_checkouts = listing(
    "checkout.session",
    "/v1/checkout/sessions",
    customer=forms.text(),
    payment_intent=forms.text(),
    status=forms.choice("open", "complete", "expired"),
)
