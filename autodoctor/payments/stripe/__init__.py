"""The only place that calls Stripe: plain values go in, snapshots of Stripe's present state come out.

No call may run inside a transaction. Every change carries an idempotency key: a caller that repeats a call after a
crash passes the same key and gets the first answer.
"""

from autodoctor.payments.stripe.client import NO_BALANCE, Declined, Invalid, PaymentError, Unavailable, Unknown
from autodoctor.payments.stripe.connect import (
    DISCONNECTED,
    AccountSnapshot,
    TransferSnapshot,
    account,
    account_link,
    create_account,
    fetch_transfer,
    find_reversal,
    find_transfer,
    no_account,
    reverse,
    transfer,
)
from autodoctor.payments.stripe.disputes import DisputeSnapshot, is_suspected
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
    find_customer,
    forget_card,
    has_customer,
    payment,
    refund,
    update_customer,
)
from autodoctor.payments.stripe.lists import find_account, find_checkout
from autodoctor.payments.stripe.webhooks import EventNotice, Forged, verified_event

__all__ = [
    "DISCONNECTED",
    "NO_BALANCE",
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
    "find_account",
    "find_attempt",
    "find_checkout",
    "find_customer",
    "find_reversal",
    "find_transfer",
    "forget_card",
    "has_customer",
    "is_suspected",
    "no_account",
    "payment",
    "refund",
    "reverse",
    "transfer",
    "update_customer",
    "verified_event",
]
