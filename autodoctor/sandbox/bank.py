"""The bank: confirm, authenticate, capture, release. The API and the pages call these functions."""

from typing import Any

from autodoctor.sandbox import objects
from autodoctor.sandbox.cards import CARDS, Card
from autodoctor.sandbox.errors import ApiError, CardError, invalid, unexpected_state
from autodoctor.sandbox.objects import public
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.store import Json

_ANOTHER_METHOD = (
    "You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again."
)
MINIMUM_CENTS = 50


def payment_method(desk: Desk, name: str, param: str = "payment_method") -> Json:
    """Return the payment method of this id, or a new one for a magic name. Raises ApiError if there is none."""
    if name in CARDS:
        return desk.save(objects.payment_method(name, CARDS[name], now=desk.now))
    return desk.given("payment_method", name, param)


def card_of(method: Json) -> Card:
    return CARDS[method["_card"]]


def choose(desk: Desk, intent: Json, method: Json) -> Json:
    """Set the intent's card, under Stripe's ownership rules."""
    owner, payer = method["customer"], intent["customer"]
    if owner and not payer:
        message = (
            "The payment method you provided is attached to a customer, so you must provide the customer when making "
            f"the payment: {owner}."
        )
        raise invalid("payment_method", message)
    if owner and owner != payer:
        message = f"The payment method {method['id']} belongs to a different customer: please provide {owner}."
        raise invalid("payment_method", message)
    if not owner and method["_used"]:
        message = (
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment or was "
            "detached from a Customer. It may not be used again."
        )
        raise invalid("payment_method", message)
    waiting = "requires_confirmation" if intent["status"] == "requires_payment_method" else intent["status"]
    return desk.save(intent | {"payment_method": method["id"], "status": waiting})


def confirm(desk: Desk, intent: Json, *, off_session: bool = False, return_url: str | None = None) -> Json:
    """Ask the bank. Returns the intent in requires_action, requires_capture or succeeded. Raises CardError."""
    if intent["status"] not in ("requires_confirmation", "requires_payment_method", "requires_action"):
        raise unexpected_state(_cannot("confirm", intent), public(intent))
    if not intent["payment_method"]:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update the PaymentIntent "
            "with a payment method and then confirm it again."
        )
        raise unexpected_state(message, public(intent))
    method = desk.find("payment_method", intent["payment_method"])
    card = card_of(method)
    if card.authenticates and off_session:
        card = Card(card.brand, card.last4, "authentication_required", "authentication_required", _NEEDS_BANK)
        raise decline(desk, intent, method, card)
    if card.authenticates:
        return _ask_bank(desk, intent, return_url)
    return authorize(desk, intent, method)


_NEEDS_BANK = "Your card was declined. This transaction requires authentication."


def _ask_bank(desk: Desk, intent: Json, return_url: str | None) -> Json:
    page = f"{desk.pages}/authenticate/{intent['id']}"
    action: Json = {"type": "redirect_to_url", "redirect_to_url": {"url": page, "return_url": return_url}}
    if not return_url:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page}}
    asked = intent | {"status": "requires_action", "next_action": action, "_return_url": return_url}
    asked |= {"last_payment_error": None}
    return desk.save(asked, "payment_intent.requires_action")


def authorize(desk: Desk, intent: Json, method: Json) -> Json:
    """Decide a payment that needs no (more) authentication. Raises CardError for a decline."""
    card = card_of(method)
    if card.decline:
        raise decline(desk, intent, method, card)
    lasts = int(desk.store.setting("hold_seconds", objects.AUTHORIZATION_LASTS_SECONDS))
    charge = desk.save(objects.charge(intent, method, now=desk.now, lasts_seconds=lasts))
    _keep_card(desk, intent, method)
    held = intent | {"latest_charge": charge["id"], "next_action": None, "last_payment_error": None}
    if intent["capture_method"] == "manual":
        desk.emit("charge.succeeded", charge)
        held |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        held |= {"_held_until": desk.now + lasts}
        return desk.save(held, "payment_intent.amount_capturable_updated")
    return _collect(desk, held, charge, intent["amount"], "charge.succeeded")


def _keep_card(desk: Desk, intent: Json, method: Json) -> None:
    method = desk.save(method | {"_used": True})
    if intent["setup_future_usage"] and intent["customer"] and not method["customer"]:
        desk.save(method | {"customer": intent["customer"]}, "payment_method.attached")


def decline(desk: Desk, intent: Json, method: Json, card: Card) -> CardError:
    """Record the failed attempt; the caller raises the returned error."""
    failed = objects.charge(intent, method, now=desk.now) | {
        "paid": False,
        "status": "failed",
        "failure_code": card.code,
        "failure_message": card.message,
        "outcome": {"network_status": "declined_by_network", "reason": card.decline, "type": "issuer_declined"},
    }
    desk.save(failed, "charge.failed")
    desk.save(method | {"_used": True})
    error: dict[str, Any] = {
        "type": "card_error",
        "code": card.code,
        "decline_code": card.decline,
        "message": card.message,
        "charge": failed["id"],
        "payment_method": public(method),
    }
    intent = _fail(desk, intent | {"latest_charge": failed["id"]}, error)
    return CardError(error, intent=public(intent))


def _fail(desk: Desk, intent: Json, error: dict[str, Any]) -> Json:
    reset = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    return desk.save(intent | reset | {"last_payment_error": error}, "payment_intent.payment_failed")


def answer_bank(desk: Desk, intent: Json, *, approved: bool) -> Json:
    """Handle the customer's answer to the bank. Raises CardError if the bank then declines."""
    if intent["status"] != "requires_action":
        raise unexpected_state(_cannot("authenticate", intent), public(intent))
    method = desk.find("payment_method", intent["payment_method"])
    if approved:
        return authorize(desk, intent, method)
    message = f"The provided PaymentMethod has failed authentication. {_ANOTHER_METHOD}"
    error = {
        "type": "invalid_request_error",
        "code": "payment_intent_authentication_failure",
        "message": message,
        "payment_method": public(method),
    }
    desk.save(method | {"_used": True})
    return _fail(desk, intent, error)


def capture(desk: Desk, intent: Json, amount: int | None) -> Json:
    """Capture all or part of the hold; the rest is released. This creates no Refund (API 2025-03-31)."""
    if intent["status"] != "requires_capture":
        raise unexpected_state(_cannot("capture", intent), public(intent))
    amount = intent["amount_capturable"] if amount is None else amount
    if amount > intent["amount_capturable"]:
        message = (
            f"The amount_to_capture ({amount}) is greater than the amount you can capture "
            f"({intent['amount_capturable']})."
        )
        raise invalid("amount_to_capture", message, code="amount_too_large")
    if amount < MINIMUM_CENTS:
        raise invalid("amount_to_capture", "Amount must be at least $0.50 usd", code="amount_too_small")
    charge = desk.find("charge", intent["latest_charge"])
    return _collect(desk, intent, charge, amount, "charge.captured")


def _collect(desk: Desk, intent: Json, charge: Json, amount: int, event: str) -> Json:
    taken = {"captured": True, "amount_captured": amount, "balance_transaction": objects.new_id("txn")}
    charge = desk.save(charge | taken, event)
    done = {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    intent = desk.save(intent | done, "payment_intent.succeeded")
    if session := _checkout_of(desk, intent):
        desk.save(session | {"payment_status": "paid"})
    reason = card_of(desk.find("payment_method", charge["payment_method"])).disputed_as
    if reason:
        open_dispute(desk, charge, amount=amount, reason=reason)
    return intent


def _checkout_of(desk: Desk, intent: Json) -> Json | None:
    return desk.find("checkout.session", intent["_checkout"]) if intent["_checkout"] else None


def cancel(desk: Desk, intent: Json, reason: str | None) -> Json:
    """Release the hold, or cancel an intent without one."""
    if intent["status"] in ("succeeded", "canceled"):
        raise unexpected_state(_cannot("cancel", intent), public(intent))
    ended = {
        "status": "canceled",
        "canceled_at": desk.now,
        "cancellation_reason": reason,
        "amount_capturable": 0,
        "next_action": None,
    }
    return desk.save(intent | ended, "payment_intent.canceled")


def _cannot(verb: str, intent: Json) -> str:
    return (
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}."
        if verb != "capture"
        else "This PaymentIntent could not be captured because it has a status of "
        f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be captured: "
        "requires_capture."
    )


def refund(desk: Desk, charge: Json, *, amount: int | None, reason: str | None, metadata: Json) -> Json:
    """Refund captured money. Raises ApiError for more than is left."""
    if not charge["captured"]:
        message = (
            f"This PaymentIntent ({charge['payment_intent']}) does not have a successful charge to refund: "
            "cancel it to release the hold."
        )
        raise ApiError(message, code="charge_not_refundable")
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        raise ApiError(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if _is_charged_back(desk, charge):
        raise ApiError(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    amount = left if amount is None else amount
    if amount > left:
        message = f"Refund amount (${amount / 100:.2f}) is greater than unrefunded amount on charge (${left / 100:.2f})"
        raise invalid("amount", message)
    if amount > desk.switched("balance_cents"):
        message = "Insufficient funds in your Stripe balance to refund this amount."
        raise ApiError(message, code="balance_insufficient")
    made = desk.save(objects.refund(charge, amount=amount, reason=reason, metadata=metadata, now=desk.now))
    total = charge["amount_refunded"] + amount
    given = {"amount_refunded": total, "refunded": total == charge["amount_captured"]}
    desk.save(charge | given, "charge.refunded")
    desk.emit("refund.created", made)
    if total == charge["amount_captured"]:
        for asked in desk.store.find("dispute", equal={"charge": charge["id"], "status": "warning_needs_response"}):
            desk.save(asked | {"status": "warning_closed"}, "charge.dispute.closed")
    return made


def fail_refund(desk: Desk, made: Json) -> Json:
    """Let a refund fail, as a bank may days later."""
    charge = desk.find("charge", made["charge"])
    desk.save(charge | {"amount_refunded": charge["amount_refunded"] - made["amount"], "refunded": False})
    failed = made | {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    return desk.save(failed, "refund.updated", "refund.failed")


def _is_charged_back(desk: Desk, charge: Json) -> bool:
    """Return whether the bank has taken the money back; `disputed` stays true after the decision."""
    harmless = ("won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed")
    found = desk.store.find("dispute", equal={"charge": charge["id"]})
    return any(dispute["status"] not in harmless for dispute in found)


def warn_of_fraud(desk: Desk, charge: Json) -> Json:
    """The bank suspects the charge: it may become a dispute."""
    warning = {
        "id": objects.new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": not charge["refunded"] and not charge["disputed"],
        "charge": charge["id"],
        "created": desk.now,
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    return desk.save(warning, "radar.early_fraud_warning.created")


def open_dispute(desk: Desk, charge: Json, *, amount: int, reason: str, inquiry: bool = False) -> Json:
    """Open a dispute: the bank takes the money until it decides. An inquiry only asks: a refund in full ends it."""
    desk.save(charge | {"disputed": True})
    made = objects.dispute(charge, amount=amount, reason=reason, now=desk.now)
    if inquiry:
        asked = {"status": "warning_needs_response", "is_charge_refundable": True}
        return desk.save(made | asked, "charge.dispute.created")
    desk.save(made, "charge.dispute.created")
    taken = [objects.dispute_transaction(made, -amount, now=desk.now)]
    return desk.save(made | {"balance_transactions": taken}, "charge.dispute.funds_withdrawn")


def review_dispute(desk: Desk, dispute: Json) -> Json:
    """The evidence was submitted; the bank reviews it."""
    if dispute["status"] != "needs_response":
        raise ApiError(f"This dispute is {dispute['status']}: no evidence can be submitted.", code="dispute_closed")
    details = dispute["evidence_details"] | {"has_evidence": True, "submission_count": 1}
    return desk.save(dispute | {"status": "under_review", "evidence_details": details}, "charge.dispute.updated")


def close_dispute(desk: Desk, dispute: Json, *, won: bool) -> Json:
    closed = desk.save(dispute | {"status": "won" if won else "lost"}, "charge.dispute.closed")
    if not won:
        return closed
    given = objects.dispute_transaction(closed, closed["amount"], now=desk.now)
    returned = [*closed["balance_transactions"], given]
    return desk.save(closed | {"balance_transactions": returned}, "charge.dispute.funds_reinstated")


def expire_holds(desk: Desk) -> None:
    """Release holds that were not captured before the banks gave them up."""
    over = {"_held_until": desk.now}
    for intent in desk.store.find("payment_intent", equal={"status": "requires_capture"}, at_most=over):
        desk.emit("charge.expired", desk.find("charge", intent["latest_charge"]))
        cancel(desk, intent, "expired")
