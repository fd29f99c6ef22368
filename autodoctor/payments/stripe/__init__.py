"""The only place that calls Stripe: plain values go in, snapshots of Stripe's present state come out.

No call may run inside a transaction. Every change carries an idempotency key: a caller that repeats a call after a
crash passes the same key and gets the first answer.
"""

from autodoctor.payments.stripe.client import Declined, Invalid, PaymentError, Unavailable, Unknown
from autodoctor.payments.stripe.connect import (
    AccountSnapshot,
    TransferSnapshot,
    account,
    account_link,
    create_account,
    fetch_transfer,
    find_reversal,
    find_transfer,
    reverse,
    transfer,
)
from autodoctor.payments.stripe.disputes import DisputeSnapshot
from autodoctor.payments.stripe.intents import (
    CheckoutSnapshot,
    PaymentSnapshot,
    RefundSnapshot,
    attempt,
    cancel,
    capture,
    checkout,
    create_checkout,
    create_customer,
    expire_checkout,
    find_attempt,
    forget_card,
    payment,
    refund,
)
from autodoctor.payments.stripe.webhooks import EventNotice, Forged, verified_event

__all__ = [
    "AccountSnapshot",
    "CheckoutSnapshot",
    "Declined",
    "DisputeSnapshot",
    "EventNotice",
    "Forged",
    "Invalid",
    "PaymentError",
    "PaymentSnapshot",
    "RefundSnapshot",
    "TransferSnapshot",
    "Unavailable",
    "Unknown",
    "account",
    "account_link",
    "attempt",
    "cancel",
    "capture",
    "checkout",
    "create_account",
    "create_checkout",
    "create_customer",
    "expire_checkout",
    "fetch_transfer",
    "find_attempt",
    "find_reversal",
    "find_transfer",
    "forget_card",
    "payment",
    "refund",
    "reverse",
    "transfer",
    "verified_event",
]
