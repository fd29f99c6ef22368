"""Connected accounts and transfers: plain values go in, snapshots of the present state come out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings

from autodoctor.payments.stripe.client import client, idempotency, part, translate_errors

# Stripe shows them an Express dashboard and asks for what it must know; fees and losses are ours.
_EXPRESS = {
    "stripe_dashboard": {"type": "express"},
    "requirement_collection": "stripe",
    "fees": {"payer": "application"},
    "losses": {"payments": "application"},
}


DISCONNECTED = "disconnected"  # our word, where Stripe says why an account is disabled


@dataclass(frozen=True)
class AccountSnapshot:
    id: str
    details_submitted: bool
    charges_enabled: bool
    transfers_enabled: bool
    payouts_enabled: bool
    requirements_due: tuple[str, ...]  # the fields that Stripe requires now, by Stripe's names
    disabled_reason: str


@dataclass(frozen=True)
class TransferSnapshot:
    id: str
    amount_cents: int
    reversed_cents: int
    movement_id: str  # our row, from the metadata; empty when it was made elsewhere


def create_account(*, user_id: UUID, email: str, country: str, key: str) -> AccountSnapshot:
    """Create an Express account in this country. It takes transfers once its holder has finished onboarding.

    Stripe wants to approve a platform before an account may have transfers without card payments. Accounts in our own
    country therefore get both; those elsewhere, which Stripe pays across the border, the recipient agreement.
    """
    both = country == settings.STRIPE_COUNTRY
    wanted = ("card_payments", "transfers") if both else ("transfers",)
    agreement = {} if both else {"tos_acceptance": {"service_agreement": "recipient"}}
    with translate_errors():
        params: Any = {
            "controller": _EXPRESS,
            "capabilities": {name: {"requested": True} for name in wanted},
            "country": country,
            "email": email,
            "metadata": {"user_id": str(user_id)},
        }
        return _account(client().v1.accounts.create(params | agreement, idempotency(key)))


def account(account_id: str) -> AccountSnapshot:
    with translate_errors():
        return _account(client().v1.accounts.retrieve(account_id))


def account_link(account_id: str, *, refresh_url: str, return_url: str, key: str) -> str:
    """Return the address of an onboarding page; it opens once, within minutes."""
    with translate_errors():
        params: Any = {
            "account": account_id,
            "refresh_url": refresh_url,
            "return_url": return_url,
            "type": "account_onboarding",
        }
        return client().v1.account_links.create(params, idempotency(key)).url


def transfer(
    *, amount_cents: int, currency: str, account_id: str, charge_id: str, payment_id: UUID, movement_id: UUID, key: str
) -> TransferSnapshot:
    """Send a part of this charge. The transfer arrives with the charge's money. Raises `Invalid` if Stripe refuses
    it.
    """
    with translate_errors():
        params: Any = {
            "amount": amount_cents,
            "currency": currency,
            "destination": account_id,
            "source_transaction": charge_id,
            "transfer_group": str(payment_id),
            "metadata": {"movement_id": str(movement_id), "payment_id": str(payment_id)},
        }
        return read_transfer(client().v1.transfers.create(params, idempotency(key)).to_dict())


def no_account(account_id: str) -> AccountSnapshot:
    """Return the state of an account that is gone, or whose holder took our access away."""
    return AccountSnapshot(account_id, False, False, False, False, (), DISCONNECTED)


def find_transfer(*, payment_id: UUID, movement_id: UUID) -> TransferSnapshot | None:
    """Return the earlier transfer of this row, in case its answer was lost."""
    with translate_errors():
        made = client().v1.transfers.list({"transfer_group": str(payment_id), "limit": 100})
        found = (read_transfer(one.to_dict()) for one in made.data)
        return next((one for one in found if one.movement_id == str(movement_id)), None)


def fetch_transfer(transfer_id: str) -> TransferSnapshot:
    with translate_errors():
        return read_transfer(client().v1.transfers.retrieve(transfer_id).to_dict())


def reverse(transfer_id: str, *, amount_cents: int, movement_id: UUID, key: str) -> str:
    """Take back this many cents; returns the reversal's id. Raises `Invalid` for more than is left."""
    with translate_errors():
        params: Any = {"amount": amount_cents, "metadata": {"movement_id": str(movement_id)}}
        return client().v1.transfers.reversals.create(transfer_id, params, idempotency(key)).id


def find_reversal(transfer_id: str, *, movement_id: UUID) -> str:
    """Return the earlier reversal of this row; empty if there is none."""
    with translate_errors():
        made = client().v1.transfers.reversals.list(transfer_id, {"limit": 100})
        found = (one.id for one in made.data if part(one.to_dict(), "metadata").get("movement_id") == str(movement_id))
        return next(found, "")


def _account(made: stripe.Account) -> AccountSnapshot:
    data = made.to_dict()
    requirements = part(data, "requirements")
    return AccountSnapshot(
        id=data["id"],
        details_submitted=bool(data.get("details_submitted")),
        charges_enabled=bool(data.get("charges_enabled")),
        transfers_enabled=part(data, "capabilities").get("transfers") == "active",
        payouts_enabled=bool(data.get("payouts_enabled")),
        requirements_due=tuple(requirements.get("currently_due") or ()),
        disabled_reason=requirements.get("disabled_reason") or "",
    )


def read_transfer(data: dict[str, Any]) -> TransferSnapshot:
    """Convert a transfer of Stripe into a snapshot."""
    return TransferSnapshot(
        id=data["id"],
        amount_cents=data["amount"],
        reversed_cents=data.get("amount_reversed") or 0,
        movement_id=part(data, "metadata").get("movement_id", ""),
    )
