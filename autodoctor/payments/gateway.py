"""The only place that speaks to Stripe: plain values go in, snapshots of Stripe's present state come out.

No call here may be made inside a transaction. Every change carries an idempotency key: whoever repeats a call
after a crash passes the same key and gets the first answer again.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from autodoctor.payments import declines

TIMEOUT_SECONDS = (3.0, 8.0)  # to connect, to answer
RETRIES = 2  # within one call, with the same key; what lies beyond is the durable queue's
SIGNATURE_AGE_SECONDS = 300
SIGNATURE_LEAD_SECONDS = 5  # our clock may be a little behind Stripe's

# The SDK writes request bodies at DEBUG and addresses at INFO.
logging.getLogger("stripe").setLevel(logging.WARNING)
stripe.enable_telemetry = False


class PaymentError(Exception):
    """A call that did not succeed. `code` is for us, `sentence` for the person who waits."""

    sentence: Promise = _("The payment service does not answer just now. Nothing was charged. Try again in a moment.")

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Declined(PaymentError):
    """The bank said no."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.sentence = declines.sentence(code)


class Unavailable(PaymentError):
    """No answer, or not now: whether it was done is not known. Repeat with the same key."""


class Unknown(PaymentError):
    """Stripe has no such object."""

    sentence = _("This payment cannot be found.")


class Invalid(PaymentError):
    """Stripe refuses this as things stand; look at the present state before doing anything else."""

    sentence = _("This payment has moved on meanwhile. Load the page again.")


class Forged(Exception):
    """A webhook that Stripe did not sign, or not just now."""


@dataclass(frozen=True)
class CheckoutSnapshot:
    id: str
    url: str  # empty once it is no longer open
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
    confirm_url: str  # where the bank asks the holder; empty when it does not
    disputed: bool
    refunds: tuple[RefundSnapshot, ...]

    @property
    def refunded_cents(self) -> int:
        gone = ("failed", "canceled")
        return sum(r.amount_cents for r in self.refunds if r.moved_money and r.status not in gone)


@dataclass(frozen=True)
class EventNotice:
    """What a verified webhook tells: where to look. Amounts and states in its body are not taken over."""

    id: str
    type: str
    livemode: bool
    object_id: str
    intent_id: str
    payment_id: UUID | None


def create_customer(*, user_id: UUID, email: str, name: str, key: str) -> str:
    """The id of a new customer at Stripe."""
    with _in_our_words():
        made = _client().v1.customers.create(
            {"email": email, "name": name, "metadata": {"user_id": str(user_id)}}, _once(key)
        )
        return made.id


def forget_card(payment_method_id: str, *, key: str) -> None:
    """Nothing can be asked of it any more. Raises `Invalid` or `Unknown` when Stripe has let go of it already."""
    with _in_our_words():
        _client().v1.payment_methods.detach(payment_method_id, {}, _once(key))


def create_checkout(request: dict[str, Any], *, key: str) -> CheckoutSnapshot:
    with _in_our_words():
        params: Any = request
        return _checkout(_client().v1.checkout.sessions.create(params, _once(key)))


def checkout(checkout_id: str) -> CheckoutSnapshot:
    with _in_our_words():
        return _checkout(_client().v1.checkout.sessions.retrieve(checkout_id))


def expire_checkout(checkout_id: str, *, key: str) -> CheckoutSnapshot:
    """Nobody can pay it any more. Raises `Invalid` when it was paid or had expired already."""
    with _in_our_words():
        return _checkout(_client().v1.checkout.sessions.expire(checkout_id, {}, _once(key)))


def attempt(request: dict[str, Any], *, key: str) -> str:
    """The id of the PaymentIntent that came of it, declined or not: `payment` says how it stands."""
    with _in_our_words():
        params: Any = request
        try:
            return _client().v1.payment_intents.create(params, _once(key)).id
        except stripe.CardError as declined:
            made = getattr(declined.error, "payment_intent", None)
            if made is None:
                raise
            return str(made.id)


def find_attempt(*, customer_id: str, payment_id: UUID) -> str:
    """The PaymentIntent of an attempt whose answer never reached us; empty when none came about."""
    with _in_our_words():
        lately = _client().v1.payment_intents.list({"customer": customer_id, "limit": 100})
        found = (intent.id for intent in lately.data if intent.metadata.to_dict().get("payment_id") == str(payment_id))
        return next(found, "")


def payment(intent_id: str) -> PaymentSnapshot:
    """The PaymentIntent with its charge, refunds and dispute, as it is now."""
    with _in_our_words():
        return _payment(_client().v1.payment_intents.retrieve(intent_id, {"expand": _WHOLE}))


def capture(intent_id: str, *, amount_cents: int, key: str) -> PaymentSnapshot:
    """Charge this much of the hold; the rest of it is released. Raises `Invalid` when it is no longer held."""
    with _in_our_words():
        params: Any = {"amount_to_capture": amount_cents, "expand": _WHOLE}
        return _payment(_client().v1.payment_intents.capture(intent_id, params, _once(key)))


def cancel(intent_id: str, *, key: str) -> PaymentSnapshot:
    """Release the hold, or end an attempt to pay. Raises `Invalid` when it is charged or cancelled already."""
    with _in_our_words():
        return _payment(_client().v1.payment_intents.cancel(intent_id, {"expand": _WHOLE}, _once(key)))


def refund(intent_id: str, *, amount_cents: int, refund_id: UUID, key: str) -> RefundSnapshot:
    """Give back this much of what was charged."""
    with _in_our_words():
        metadata = {"refund_id": str(refund_id)}
        made = _client().v1.refunds.create(
            {"payment_intent": intent_id, "amount": amount_cents, "metadata": metadata}, _once(key)
        )
        return _refund(made.to_dict())


def verified_event(body: bytes, signature: str, *, secrets: Iterable[str], now: datetime) -> EventNotice:
    """The event in this body. Raises `Forged` unless one of the secrets signed these very bytes, just now."""
    header = _SIGNATURE.fullmatch(signature)
    if not header or not any(_signed(body, signature, secret) for secret in secrets):
        raise Forged("signature")
    age = now.timestamp() - int(header["signed_at"])
    if not -SIGNATURE_LEAD_SECONDS <= age <= SIGNATURE_AGE_SECONDS:
        raise Forged("timestamp")
    try:
        return _notice(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Forged("not an event") from error


_WHOLE = ["latest_charge.refunds"]
# Strict, so that the moment we look at is the one that was signed.
_SIGNATURE = re.compile(r"t=(?P<signed_at>\d{1,12})(?:,v\d=[0-9a-f]+)+", re.ASCII)
_NAME = re.compile(r"[\w.:-]{1,120}", re.ASCII)


@lru_cache(maxsize=4)
def _client_for(api_key: str, address: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": address} if address else {},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )


def _client() -> stripe.StripeClient:
    return _client_for(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def _once(key: str) -> Any:
    if not key:
        raise ValueError("a change needs an idempotency key")
    return {"idempotency_key": key}


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Stripe's errors as ours, cut off from their cause: that holds whole answers, and tracebacks are logged."""
    try:
        yield
    except stripe.CardError as error:
        raise Declined(_decline_code(error)) from None
    except stripe.InvalidRequestError as error:
        code = error.code or error.param or "invalid_request"
        raise (Unknown if error.http_status == 404 else Invalid)(code) from None
    except stripe.IdempotencyError:
        raise Invalid("idempotency_error") from None
    except stripe.StripeError as error:
        code = f"{type(error).__name__} {error.http_status or ''} {error.request_id or ''}"
        raise Unavailable(code.strip()) from None


def _decline_code(error: stripe.CardError) -> str:
    decline_code = getattr(error.error, "decline_code", None)
    return str(decline_code or error.code or "card_declined")


def _checkout(session: stripe.checkout.Session) -> CheckoutSnapshot:
    return CheckoutSnapshot(
        id=session.id,
        url=session.url or "",
        status=session.status or "",
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        intent_id=_id_of(session.to_dict().get("payment_intent")),
    )


def _payment(intent: stripe.PaymentIntent) -> PaymentSnapshot:
    data = intent.to_dict()
    charge = _part(data, "latest_charge")
    metadata = _part(data, "metadata")
    card = _part(_part(charge, "payment_method_details"), "card")
    error = _part(data, "last_payment_error")
    refunds = _part(charge, "refunds").get("data") or []
    return PaymentSnapshot(
        intent_id=data["id"],
        status=data["status"],
        amount_cents=data["amount"],
        currency=data["currency"],
        livemode=data["livemode"],
        payment_id=metadata.get("payment_id", ""),
        owner_id=metadata.get("owner_id", ""),
        customer_id=_id_of(data.get("customer")),
        payment_method_id=_id_of(data.get("payment_method")),
        capturable_cents=data.get("amount_capturable") or 0,
        received_cents=data.get("amount_received") or 0,
        charge_id=_id_of(data.get("latest_charge")),
        was_held=bool(charge.get("paid")),
        card_brand=card.get("brand") or "",
        card_last4=card.get("last4") or "",
        decline_code=error.get("decline_code") or error.get("code") or "",
        confirm_url=_part(_part(data, "next_action"), "redirect_to_url").get("url") or "",
        disputed=bool(charge.get("disputed")),
        refunds=tuple(_refund(refund) for refund in refunds),
    )


def _refund(data: dict[str, Any]) -> RefundSnapshot:
    refund_id = _part(data, "metadata").get("refund_id", "")
    return RefundSnapshot(
        id=data["id"],
        amount_cents=data["amount"],
        status=data.get("status") or "pending",
        refund_id=refund_id,
        # Stripe lists what a capture or a cancellation leaves of a hold as a refund too, without a transaction.
        moved_money=bool(refund_id or data.get("balance_transaction")),
    )


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    part = data.get(name)
    return part if isinstance(part, dict) else {}


def _id_of(reference: Any) -> str:
    """Of an object that may stand there whole, as its id, or not at all."""
    return str(reference["id"] if isinstance(reference, dict) else reference or "")


def _signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, signature, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _notice(event: dict[str, Any]) -> EventNotice:
    subject = event["data"]["object"]
    object_id = _name(subject.get("id") or "-")
    intent = object_id if subject.get("object") == "payment_intent" else _id_of(subject.get("payment_intent"))
    return EventNotice(
        id=_name(event["id"]),
        type=_name(event["type"]),
        livemode=bool(event.get("livemode")),
        object_id=object_id,
        intent_id=_name(intent) if intent else "",
        payment_id=_uuid(_part(subject, "metadata").get("payment_id")),
    )


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("not a name as Stripe gives them")
    return value


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None
