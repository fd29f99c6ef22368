"""Stripe's lists, page by page, newest first, since a moment. Read-only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from autodoctor.payments.stripe.client import client, id_of, part, translate_errors
from autodoctor.payments.stripe.connect import AccountSnapshot, TransferSnapshot, account, read_transfer
from autodoctor.payments.stripe.disputes import DisputeSnapshot, read_dispute
from autodoctor.payments.stripe.intents import CheckoutSnapshot, checkout

PAGE = 100  # objects a request, the most Stripe gives


@dataclass(frozen=True)
class ListedIntent:
    id: str
    status: str
    amount_cents: int
    received_cents: int
    currency: str
    payment_id: str  # our row, from the metadata; empty when it was made elsewhere


@dataclass(frozen=True)
class ListedCharge:
    id: str
    intent_id: str
    paid: bool  # False: the bank said no
    amount_cents: int
    captured_cents: int
    refunded_cents: int
    disputed: bool


@dataclass(frozen=True)
class ListedRefund:
    id: str
    intent_id: str
    refund_id: str  # our row, from the metadata
    status: str
    amount_cents: int
    moved_money: bool  # False: the part of a hold that was never captured

    @property
    def failed(self) -> bool:
        return self.status in ("failed", "canceled")


def intents(since: datetime) -> Iterator[ListedIntent]:
    for data in _pages(client().v1.payment_intents.list, since):
        yield ListedIntent(
            id=data["id"],
            status=data["status"],
            amount_cents=data["amount"],
            received_cents=data.get("amount_received") or 0,
            currency=data["currency"],
            payment_id=part(data, "metadata").get("payment_id", ""),
        )


def charges(since: datetime) -> Iterator[ListedCharge]:
    for data in _pages(client().v1.charges.list, since):
        yield ListedCharge(
            id=data["id"],
            intent_id=id_of(data.get("payment_intent")),
            paid=bool(data.get("paid")),
            amount_cents=data["amount"],
            captured_cents=data.get("amount_captured") or 0,
            refunded_cents=data.get("amount_refunded") or 0,
            disputed=bool(data.get("disputed")),
        )


def refunds(since: datetime) -> Iterator[ListedRefund]:
    for data in _pages(client().v1.refunds.list, since):
        refund_id = part(data, "metadata").get("refund_id", "")
        yield ListedRefund(
            id=data["id"],
            intent_id=id_of(data.get("payment_intent")),
            refund_id=refund_id,
            status=data.get("status") or "pending",
            amount_cents=data["amount"],
            moved_money=bool(refund_id or data.get("balance_transaction")),
        )


def disputes(since: datetime) -> Iterator[DisputeSnapshot]:
    return (read_dispute(data) for data in _pages(client().v1.disputes.list, since))


def transfers(since: datetime) -> Iterator[TransferSnapshot]:
    return (read_transfer(data) for data in _pages(client().v1.transfers.list, since))


def find_checkout(request: dict[str, Any], since: datetime) -> CheckoutSnapshot | None:
    """Return the Checkout of this request, in case its answer was lost."""
    for made in _pages(client().v1.checkout.sessions.list, since):
        if all(made[name] == request[name] for name in ("client_reference_id", "expires_at")):
            return checkout(made["id"])
    return None


def find_account(*, user_id: UUID, since: datetime) -> AccountSnapshot | None:
    """Return the account of a request whose answer was lost."""
    for made in _pages(client().v1.accounts.list, since):
        if part(made, "metadata").get("user_id") == str(user_id):
            return account(made["id"])
    return None


def _pages(first_page: Any, since: datetime) -> Iterator[dict[str, Any]]:
    """Yield the items of all pages. Raises `PaymentError`."""
    with translate_errors():
        found: Iterable[Any] = first_page(
            {"limit": PAGE, "created": {"gte": int(since.timestamp())}}
        ).auto_paging_iter()
        for thing in found:
            yield thing.to_dict()
