"""Customers, Checkouts, PaymentIntents and refunds: plain values go in, snapshots of the present state come out."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import stripe

from autodoctor.payments.stripe.client import Unknown, client, id_of, idempotency, part, translate_errors
from autodoctor.payments.stripe.disputes import DisputeSnapshot, disputes_of

_WHOLE = ["latest_charge.refunds"]
ENTERED = "entered"  # in the metadata of an intent whose card is entered on our page


@dataclass(frozen=True)
class CheckoutSnapshot:
    id: str
    url: str  # empty once the Checkout is closed
    status: str  # open | complete | expired
    expires_at: datetime
    intent_id: str  # empty until the customer tried to pay


@dataclass(frozen=True)
class RefundSnapshot:
    id: str
    amount_cents: int
    status: str
    refund_id: str  # our row, from the metadata; empty when it was made elsewhere
    moved_money: bool  # False: the part of a hold that was never captured


@dataclass(frozen=True)
class PaymentSnapshot:
    intent_id: str
    status: str
    amount_cents: int
    currency: str
    livemode: bool
    payment_id: str  # our row and its owner, from the metadata
    owner_id: str
    customer_id: str
    payment_method_id: str
    capturable_cents: int
    received_cents: int
    charge_id: str
    was_held: bool  # the bank said yes at some time
    card_brand: str
    card_last4: str
    decline_code: str
    confirm_url: str  # address of the bank's question; empty without a question
    disputed: bool
    refunds: tuple[RefundSnapshot, ...]
    disputes: tuple[DisputeSnapshot, ...] = ()
    capture_before: datetime | None = None  # the bank keeps the hold until then

    @property
    def refunded_cents(self) -> int:
        gone = ("failed", "canceled")
        return sum(r.amount_cents for r in self.refunds if r.moved_money and r.status not in gone)


def create_customer(*, user_id: UUID, email: str, name: str, key: str) -> str:
    """Create a customer at Stripe and return its id."""
    with translate_errors():
        made = client().v1.customers.create(
            {"email": email, "name": name, "metadata": {"user_id": str(user_id)}}, idempotency(key)
        )
        return made.id


def find_customer(*, user_id: UUID, email: str) -> str | None:
    """Return the customer of a request whose answer was lost."""
    with translate_errors():
        made = client().v1.customers.list({"email": email, "limit": 100}).data
        found = (one.id for one in made if part(one.to_dict(), "metadata").get("user_id") == str(user_id))
        return next(found, None)


def update_customer(customer_id: str, *, email: str, name: str, key: str) -> None:
    """Change a customer's name and address. Raises `Unknown` if Stripe has the customer no more."""
    with translate_errors():
        client().v1.customers.update(customer_id, {"email": email, "name": name}, idempotency(key))


def has_customer(customer_id: str) -> bool:
    """Return whether Stripe still has this customer, for the keys in use."""
    try:
        with translate_errors():
            return not getattr(client().v1.customers.retrieve(customer_id), "deleted", False)
    except Unknown:
        return False


def forget_card(payment_method_id: str, *, key: str) -> None:
    """Delete a card at Stripe. Raises `Invalid` or `Unknown` if Stripe has already deleted it."""
    with translate_errors():
        client().v1.payment_methods.detach(payment_method_id, {}, idempotency(key))


def create_checkout(request: dict[str, Any], *, key: str) -> CheckoutSnapshot:
    with translate_errors():
        params: Any = request
        return _checkout(client().v1.checkout.sessions.create(params, idempotency(key)))


def checkout(checkout_id: str) -> CheckoutSnapshot:
    with translate_errors():
        return _checkout(client().v1.checkout.sessions.retrieve(checkout_id))


def expire_checkout(checkout_id: str, *, key: str) -> CheckoutSnapshot:
    """Expire a Checkout, so that nobody can pay it. Raises `Invalid` if it was paid or has expired."""
    with translate_errors():
        return _checkout(client().v1.checkout.sessions.expire(checkout_id, {}, idempotency(key)))


def attempt(request: dict[str, Any], *, key: str) -> str:
    """Try to charge a saved card. Returns the PaymentIntent's id, declined or not: `payment` has its state."""
    with translate_errors():
        params: Any = request
        try:
            return client().v1.payment_intents.create(params, idempotency(key)).id
        except stripe.CardError as declined:
            made = getattr(declined.error, "payment_intent", None)
            if made is None:
                raise
            return str(made.id)


def find_attempt(*, customer_id: str, payment_id: UUID) -> str | None:
    """Return the PaymentIntent of an attempt with the saved card whose answer was lost."""
    with translate_errors():
        lately = client().v1.payment_intents.list({"customer": customer_id, "limit": 100})
        marks = ((intent.id, intent.metadata.to_dict()) for intent in lately.data)
        found = (id_ for id_, mark in marks if mark.get("payment_id") == str(payment_id) and "way" not in mark)
        return next(found, None)


def open_entry(request: dict[str, Any], *, key: str) -> str:
    """Create a PaymentIntent that waits for a card, and return its id."""
    with translate_errors():
        params: Any = request
        return client().v1.payment_intents.create(params, idempotency(key)).id


def client_secret(intent_id: str) -> str:
    """Return what lets a browser confirm this PaymentIntent. For its customer only; never for a log or an address."""
    with translate_errors():
        return client().v1.payment_intents.retrieve(intent_id).client_secret or ""


def payment(intent_id: str) -> PaymentSnapshot:
    """Return the PaymentIntent with its charge, refunds and dispute, as it is now."""
    with translate_errors():
        return _payment(client().v1.payment_intents.retrieve(intent_id, {"expand": _WHOLE}))


def capture(intent_id: str, *, amount_cents: int, key: str) -> PaymentSnapshot:
    """Capture this many cents of the hold; the rest is released. Raises `Invalid` if nothing is held any more."""
    with translate_errors():
        params: Any = {"amount_to_capture": amount_cents, "expand": _WHOLE}
        return _payment(client().v1.payment_intents.capture(intent_id, params, idempotency(key)))


def cancel(intent_id: str, *, key: str) -> PaymentSnapshot:
    """Release the hold, or end an attempt to pay. Raises `Invalid` if it is already charged or canceled."""
    with translate_errors():
        return _payment(client().v1.payment_intents.cancel(intent_id, {"expand": _WHOLE}, idempotency(key)))


def refund(intent_id: str, *, amount_cents: int, refund_id: UUID, key: str) -> RefundSnapshot:
    """Refund this many cents of a charge."""
    with translate_errors():
        metadata = {"refund_id": str(refund_id)}
        made = client().v1.refunds.create(
            {"payment_intent": intent_id, "amount": amount_cents, "metadata": metadata}, idempotency(key)
        )
        return _refund(made.to_dict())


def _checkout(session: stripe.checkout.Session) -> CheckoutSnapshot:
    return CheckoutSnapshot(
        id=session.id,
        url=session.url or "",
        status=session.status or "",
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        intent_id=id_of(session.to_dict().get("payment_intent")),
    )


def _payment(intent: stripe.PaymentIntent) -> PaymentSnapshot:
    data = intent.to_dict()
    charge = part(data, "latest_charge")
    metadata = part(data, "metadata")
    card = part(part(charge, "payment_method_details"), "card")
    error = part(data, "last_payment_error")
    return PaymentSnapshot(
        intent_id=data["id"],
        status=data["status"],
        amount_cents=data["amount"],
        currency=data["currency"],
        livemode=data["livemode"],
        payment_id=metadata.get("payment_id", ""),
        owner_id=metadata.get("owner_id", ""),
        customer_id=id_of(data.get("customer")),
        payment_method_id=id_of(data.get("payment_method")),
        capturable_cents=data.get("amount_capturable") or 0,
        received_cents=data.get("amount_received") or 0,
        charge_id=id_of(data.get("latest_charge")),
        was_held=bool(charge.get("paid")),
        card_brand=card.get("brand") or "",
        card_last4=card.get("last4") or "",
        decline_code=error.get("decline_code") or error.get("code") or "",
        confirm_url=part(part(data, "next_action"), "redirect_to_url").get("url") or "",
        disputed=bool(charge.get("disputed")),
        refunds=tuple(_refund(refund) for refund in _refunds(data["id"], part(charge, "refunds"))),
        disputes=disputes_of(data["id"]) if charge.get("disputed") else (),
        capture_before=_moment(card.get("capture_before")),
    )


def _refunds(intent_id: str, contained: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all refunds of a charge: it contains the ten latest, and an older one may still fail."""
    if not contained.get("has_more"):
        return contained.get("data") or []
    listed = client().v1.refunds.list({"payment_intent": intent_id, "limit": 100})
    return [refund.to_dict() for refund in listed.auto_paging_iter()]


def _moment(epoch_seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(epoch_seconds, UTC) if epoch_seconds else None


def _refund(data: dict[str, Any]) -> RefundSnapshot:
    refund_id = part(data, "metadata").get("refund_id", "")
    return RefundSnapshot(
        id=data["id"],
        amount_cents=data["amount"],
        status=data.get("status") or "pending",
        refund_id=refund_id,
        # Stripe lists what a capture or a cancellation leaves of a hold as a refund too, without a transaction.
        moved_money=bool(refund_id or data.get("balance_transaction")),
    )
