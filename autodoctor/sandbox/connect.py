"""Connected accounts, and transfers out of single charges."""

from typing import Any

from autodoctor.sandbox import forms, objects
from autodoctor.sandbox.errors import ApiError, invalid
from autodoctor.sandbox.forms import LIST, Read
from autodoctor.sandbox.platform import COUNTRY
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.resources import listing
from autodoctor.sandbox.store import Json

Params = dict[str, Any]
LINK_LASTS_SECONDS = 5 * 60
_MISSING = ["business_type", "external_account", "individual.id_number", "tos_acceptance.date"]
_DOCUMENT = "individual.verification.document"

# The state of an account after each step of its holder or of Stripe.
OUTCOMES: dict[str, Json] = {
    "enabled": {"details_submitted": True, "payouts_enabled": True, "_transfers": "active", "_due": [], "_why": None},
    "checking": {
        "details_submitted": True,
        "payouts_enabled": False,
        "_transfers": "pending",
        "_due": [],
        "_why": "requirements.pending_verification",
    },
    "restricted": {
        "details_submitted": True,
        "payouts_enabled": False,
        "_transfers": "inactive",
        "_due": [_DOCUMENT],
        "_why": "requirements.past_due",
    },
    "unpaid": {
        "details_submitted": True,
        "payouts_enabled": False,
        "_transfers": "active",
        "_due": ["external_account"],
        "_why": None,
    },
    "rejected": {
        "details_submitted": True,
        "payouts_enabled": False,
        "_transfers": "inactive",
        "_due": [],
        "_why": "rejected.other",
    },
}


# Accounts


def create_account(desk: Desk, params: Params) -> Json:
    party = forms.fields({"payer": forms.choice("account", "application")})
    losses = forms.fields({"payments": forms.choice("stripe", "application")})
    dashboard = forms.fields({"type": forms.choice("express", "full", "none")})
    collection = forms.choice("stripe", "application")
    controller = {"fees": party, "losses": losses, "stripe_dashboard": dashboard, "requirement_collection": collection}
    capability = forms.fields({"requested": forms.boolean}, ["requested"])
    agreement = forms.fields({"service_agreement": forms.choice("full", "recipient")})
    shape: dict[str, Read] = {
        "capabilities": forms.fields({"card_payments": capability, "transfers": capability}),
        "controller": forms.fields(controller),
        "country": forms.text(2),
        "email": forms.text(800),
        "metadata": forms.metadata,
        "tos_acceptance": agreement,
    }
    if not desk.switched("connect_enabled"):
        raise ApiError("You can only create new accounts if you've signed up for Connect.")
    given = forms.read(params, shape)
    _check_approval(desk, given)
    account = {
        "id": objects.new_id("acct", 16),
        "object": "account",
        "created": desk.now,
        "country": given.get("country", "US"),
        "default_currency": "usd",
        "email": given.get("email"),
        "business_type": None,
        "controller": {"is_controller": True, "type": "application"} | given.get("controller", {}),
        "charges_enabled": False,
        "metadata": given.get("metadata", {}),
        "type": "none",
        "_asked": sorted(given.get("capabilities", {})),
    }
    begun = {"details_submitted": False, "payouts_enabled": False, "_transfers": "inactive", "_due": _MISSING}
    return desk.save(_in_full(account | begun | {"_why": "requirements.past_due"}))


def _check_approval(desk: Desk, given: Json) -> None:
    """Refuse what Stripe refuses of a platform that it has not approved for it."""
    asked = given.get("capabilities", {})
    abroad = given.get("country", COUNTRY) != COUNTRY
    if given.get("tos_acceptance", {}).get("service_agreement") == "recipient":
        if "card_payments" in asked or not abroad:
            message = "This account cannot be under the recipient service agreement."
            raise ApiError(message, param="tos_acceptance[service_agreement]")
    elif "transfers" in asked and "card_payments" not in asked and not desk.switched("transfers_only_approved"):
        raise ApiError(
            "Your platform needs approval for accounts to have requested the `transfers` capability without the "
            "`card_payments` capability. If you would like to request approval, please contact us via "
            "https://support.stripe.com/contact."
        )


def become(desk: Desk, account: Json, outcome: str) -> Json:
    """Set the account's outcome. Raises KeyError for an outcome outside `OUTCOMES`."""
    return desk.save(_in_full(account | OUTCOMES[outcome]), "account.updated")


def retrieve_account(desk: Desk, params: Params, id_: str) -> Json:
    forms.read(params, {})
    account = desk.find("account", id_, "account")
    if account.get("_disconnected"):
        message = (
            f"The provided key does not have access to account '{id_}' (or that account does not exist). Application "
            "access may have been revoked."
        )
        raise ApiError(message, code="account_invalid", status=403)
    return account


def disconnect(desk: Desk, account: Json) -> Json:
    """The holder takes our access away."""
    application = {"id": "ca_sandbox", "object": "application", "name": "Sandbox", "_account": account["id"]}
    desk.emit("account.application.deauthorized", application)
    return desk.save(account | {"_disconnected": True})


def fail_payout(desk: Desk, account: Json) -> Json:
    """The holder's bank sends a payout back: Stripe stops payouts and asks for another bank account."""
    become(desk, account, "unpaid")
    payout = {
        "id": objects.new_id("po"),
        "object": "payout",
        "amount": 1000,
        "arrival_date": desk.now,
        "automatic": True,
        "created": desk.now,
        "currency": "usd",
        "failure_code": "account_closed",
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "completed",
        "source_type": "card",
        "status": "failed",
        "type": "bank_account",
        "_account": account["id"],
    }
    return desk.save(payout, "payout.failed")


def _in_full(account: Json) -> Json:
    """Return the account as Stripe shows it, with derived members."""
    due = account["_due"]
    requirements = {
        "currently_due": due,
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
        "disabled_reason": account["_why"],
        "errors": [],
        "alternatives": [],
        "current_deadline": None,
    }
    capabilities = dict.fromkeys(account["_asked"], account["_transfers"])
    return account | {"capabilities": capabilities, "requirements": requirements}


def create_link(desk: Desk, params: Params) -> Json:
    """Create a page that opens once; Stripe's answer has no id."""
    shape: dict[str, Read] = {
        "account": forms.text(),
        "refresh_url": forms.url,
        "return_url": forms.url,
        "type": forms.choice("account_onboarding", "account_update"),
    }
    given = forms.read(params, shape, required=["account", "refresh_url", "return_url", "type"])
    desk.given("account", given["account"], "account")
    id_ = objects.new_id("alink")
    expires_at = desk.now + LINK_LASTS_SECONDS
    kept = {"id": id_, "object": "_account_link", "created": desk.now, "expires_at": expires_at, "used": False}
    desk.save(kept | given)
    return {
        "object": "account_link",
        "created": desk.now,
        "expires_at": expires_at,
        "url": f"{desk.pages}/onboarding/{id_}",
    }


list_accounts = listing("account", "/v1/accounts")


# Transfers


def create_transfer(desk: Desk, params: Params) -> Json:
    shape: dict[str, Read] = {
        "amount": forms.integer(least=1),
        "currency": forms.currency,
        "description": forms.text(1000),
        "destination": forms.text(),
        "metadata": forms.metadata,
        "source_transaction": forms.text(),
        "transfer_group": forms.text(),
    }
    given = forms.read(params, shape, required=["amount", "currency", "destination"])
    _check_destination(desk, given["destination"])
    charge = _source(desk, given)
    transfer = {
        "id": objects.new_id("tr"),
        "object": "transfer",
        "amount": given["amount"],
        "amount_reversed": 0,
        "balance_transaction": objects.new_id("txn"),
        "created": desk.now,
        "currency": given["currency"],
        "description": given.get("description"),
        "destination": given["destination"],
        "destination_payment": objects.new_id("py"),
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "reversals": objects.a_list("/v1/transfers/reversals", []),
        "reversed": False,
        "source_transaction": charge["id"],
        "source_type": "card",
        "transfer_group": given.get("transfer_group") or charge["transfer_group"] or f"group_{charge['id']}",
    }
    if not charge["transfer_group"]:
        desk.save(charge | {"transfer_group": transfer["transfer_group"]})
    return desk.save(transfer, "transfer.created")


def _check_destination(desk: Desk, account_id: str) -> None:
    account = desk.store.get(account_id)
    if account is None or account["object"] != "account":
        raise invalid("destination", f"No such destination: '{account_id}'", code="resource_missing")
    if account["_transfers"] != "active":
        message = (
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments"
        )
        raise ApiError(message, code="insufficient_capabilities_for_transfer")


def _source(desk: Desk, given: Json) -> Json:
    """Return the charge of a transfer. Raises ApiError for more than is left of it."""
    if "source_transaction" not in given:
        message = "You have insufficient available funds in your Stripe account. Use `source_transaction`."
        raise ApiError(message, code="balance_insufficient")
    charge = desk.given("charge", given["source_transaction"], "source_transaction")
    if not charge["captured"]:
        raise invalid("source_transaction", f"Charge {charge['id']} is not captured: it cannot be transferred from.")
    if given["currency"] != desk.switched("settlement_currency"):
        raise invalid("currency", "The currency of source_transaction's balance transaction is another one.")
    sent = desk.store.find("transfer", equal={"source_transaction": charge["id"]})
    left = charge["amount_captured"] - sum(transfer["amount"] - transfer["amount_reversed"] for transfer in sent)
    if given["amount"] > left:
        message = (
            f"Transfers using this transaction as a source must not exceed the source amount of ${left / 100:.2f}."
        )
        raise ApiError(message, param="amount")
    return charge


def create_reversal(desk: Desk, params: Params, transfer_id: str) -> Json:
    given = forms.read(params, {"amount": forms.integer(least=1), "metadata": forms.metadata})
    return take_back(
        desk, desk.find("transfer", transfer_id), amount=given.get("amount"), metadata=given.get("metadata", {})
    )


def take_back(desk: Desk, transfer: Json, *, amount: int | None, metadata: Json) -> Json:
    """Reverse a transfer. Raises ApiError for more than is left of it, or in the account."""
    if desk.switched("paid_out"):
        raise ApiError("The connected account has insufficient funds for this reversal.", code="balance_insufficient")
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = left if amount is None else amount
    if not left or amount > left:
        message = (
            f"Transfer reversal amount (${amount / 100:.2f}) is greater than the unreversed amount (${left / 100:.2f})"
        )
        raise ApiError(message, param="amount")
    if amount > balance(desk, transfer["destination"]):
        message = "The connected account has insufficient funds in its balance to reverse this transfer."
        raise ApiError(message, code="balance_insufficient")
    gone = transfer["amount_reversed"] + amount
    desk.save(transfer | {"amount_reversed": gone, "reversed": gone == transfer["amount"]}, "transfer.reversed")
    reversal = {
        "id": objects.new_id("trr"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": objects.new_id("txn"),
        "created": desk.now,
        "currency": transfer["currency"],
        "destination_payment_refund": objects.new_id("pyr"),
        "metadata": metadata,
        "source_refund": None,
        "transfer": transfer["id"],
    }
    return desk.save(reversal)


def balance(desk: Desk, account_id: str) -> int:
    """Return the cents in a connected account: what was sent, less what was taken back or paid out to its bank."""
    sent = desk.store.find("transfer", equal={"destination": account_id})
    there: int = sum(transfer["amount"] - transfer["amount_reversed"] for transfer in sent)
    return there - int(desk.find("account", account_id).get("_paid_out", 0))


def pay_out(desk: Desk, account: Json) -> Json:
    """Pay the whole balance of a connected account to its bank, as Stripe does every day."""
    gone = account.get("_paid_out", 0) + balance(desk, account["id"])
    return desk.save(account | {"_paid_out": gone})


def list_reversals(desk: Desk, params: Params, transfer_id: str) -> Json:
    forms.read(params, LIST)
    desk.find("transfer", transfer_id)
    made = desk.store.find("transfer_reversal", equal={"transfer": transfer_id}, limit=100)
    return objects.a_list(f"/v1/transfers/{transfer_id}/reversals", made)


list_transfers = listing("transfer", "/v1/transfers", destination=forms.text(), transfer_group=forms.text())
