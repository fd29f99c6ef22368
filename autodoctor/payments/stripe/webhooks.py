"""Stripe's webhooks: verify the signature and its time, and read the event."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import stripe

from autodoctor.core.parsing import parse_uuid
from autodoctor.payments.stripe.client import id_of, part

SIGNATURE_AGE_SECONDS = 300
# Of connected accounts; what counts is the account as it is now, not the object of the event.
ABOUT_THEIR_ACCOUNT = ("account.application.deauthorized", "payout.failed")
SIGNATURE_LEAD_SECONDS = 5  # our clock may be a little behind Stripe's

# Strict, so that the moment we look at is the one that was signed.
_SIGNATURE = re.compile(r"t=(?P<signed_at>\d{1,12})(?:,v\d=[0-9a-f]+)+", re.ASCII)
_NAME = re.compile(r"[\w.:-]{1,120}", re.ASCII)


class Forged(Exception):
    """A webhook without a valid, recent signature of Stripe."""


@dataclass(frozen=True)
class EventNotice:
    """The part of a verified webhook that says where to look. Amounts and states of the body are ignored."""

    id: str
    type: str
    livemode: bool
    object_id: str
    intent_id: str
    payment_id: UUID | None


def verified_event(body: bytes, signature: str, *, secrets: Iterable[str], now: datetime) -> EventNotice:
    """Return the event in this body. Raises `Forged` unless one of the secrets signed these bytes recently."""
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


def _signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, signature, secret))
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _notice(event: dict[str, Any]) -> EventNotice:
    """Read an event: one with its object, or a thin one that only names it, or none."""
    subject = event["data"]["object"] if "data" in event else _named(event.get("related_object") or {})
    object_id = _name(subject.get("id") or "-")
    intent = object_id if subject.get("object") == "payment_intent" else id_of(subject.get("payment_intent"))
    kind = _name(event["type"]).removeprefix("v1.")
    if kind in ABOUT_THEIR_ACCOUNT:
        object_id = _name(event.get("account") or event.get("context") or "-")  # without: our own
    return EventNotice(
        id=_name(event["id"]),
        type=kind,
        livemode=bool(event.get("livemode")),
        object_id=object_id,
        intent_id=_name(intent) if intent else "",
        payment_id=parse_uuid(part(subject, "metadata").get("payment_id")),
    )


def _named(related: dict[str, Any]) -> dict[str, Any]:
    return {"id": related.get("id"), "object": related.get("type")}


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("not a name as Stripe gives them")
    return value
