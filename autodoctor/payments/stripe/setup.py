"""Look at an account of Stripe before it takes money: each problem is one sentence. Changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import stripe

from autodoctor.payments.stripe.client import client, part

PAYMENT_EVENTS = (
    "checkout.session.completed checkout.session.expired payment_intent.amount_capturable_updated "
    "payment_intent.succeeded payment_intent.canceled payment_intent.payment_failed charge.refunded "
    "charge.dispute.created charge.dispute.updated charge.dispute.closed refund.created refund.updated refund.failed "
    "radar.early_fraud_warning.created transfer.created transfer.reversed"
).split()
ACCOUNT_EVENTS = ("account.updated", "account.application.deauthorized", "payout.failed")
READS = (
    "checkout/sessions payment_intents charges refunds disputes customers radar/early_fraud_warnings "
    "accounts transfers webhook_endpoints payment_method_configurations"
).split()
WRITES = (
    "checkout/sessions payment_intents refunds customers payment_methods/pm_none/detach accounts account_links "
    "transfers transfers/tr_none/reversals"
).split()
SHORTEST_DESCRIPTOR = 5


@dataclass(frozen=True)
class Expected:
    """What our settings say of the account."""

    country: str
    currency: str
    webhook_url: str
    webhook_secrets: int
    wallet_domain: str  # of the pages on which cards are entered; empty: on Stripe's alone


def problems(expected: Expected) -> Iterator[str]:
    """Yield what is wrong with the account and the key in use, in sentences."""
    try:
        account = _read("account")
    except stripe.AuthenticationError:
        yield "Stripe does not know the key in STRIPE_SECRET_KEY."
        return
    except stripe.APIConnectionError:
        yield "Stripe does not answer from here: let this machine reach api.stripe.com, port 443."
        return
    except stripe.StripeError as error:
        yield f"The account cannot be read, so most of it cannot be checked: {_why(error)}"
        return
    for look in (_account, _scopes, _endpoints, _cards, _wallets):
        yield from look(expected, account)


def _account(expected: Expected, account: dict[str, Any]) -> Iterator[str]:
    if not account.get("charges_enabled"):
        yield "The account cannot take payments yet: finish what Stripe asks for in the dashboard."
    if not account.get("payouts_enabled"):
        yield "The account gets no payouts yet: finish what Stripe asks for in the dashboard."
    if (found := account.get("country")) != expected.country:
        yield f"The account is in {found}, but STRIPE_COUNTRY says {expected.country}."
    if (found := account.get("default_currency")) != expected.currency:
        yield (
            f"The account settles in {found}, but prices are in {expected.currency}. Transfers to mechanics leave in "
            f"the currency in which charges arrive: add a bank account in {expected.currency}."
        )
    descriptor = part(part(account, "settings"), "payments").get("statement_descriptor") or ""
    if len(descriptor) < SHORTEST_DESCRIPTOR:
        yield "No statement descriptor is set: customers would not know our charge on their statement."


def _scopes(expected: Expected, account: dict[str, Any]) -> Iterator[str]:
    """Try everything the program does, in a way that Stripe refuses as malformed once it has allowed it."""
    for path in READS:
        yield from _try(f"The key may not read {path}", partial(_read, path, limit=1))
    for path in WRITES:
        yield from _try(f"The key may not write {path}", partial(_write_nothing, path))


def _try(complaint: str, act: Callable[[], Any]) -> Iterator[str]:
    try:
        act()
    except stripe.PermissionError as error:
        yield f"{complaint}: {_why(error)}"
    except stripe.InvalidRequestError as error:
        if "Connect" in str(error.user_message or error):
            yield f"Connect is not set up: {_why(error)}"
    except stripe.StripeError as error:
        yield f"{complaint}, or Stripe does not answer: {_why(error)}"


def _endpoints(expected: Expected, account: dict[str, Any]) -> Iterator[str]:
    try:
        found = _read("webhook_endpoints", limit=100)["data"]
    except stripe.StripeError:
        return  # `_scopes` has said so
    ours = [one for one in found if one["url"] == expected.webhook_url and one["status"] == "enabled"]
    if not ours:
        yield f"No enabled webhook endpoint points to {expected.webhook_url}: no payment would be noticed."
        return
    yield from _events(ours)
    if len(ours) == 1:
        yield "There is one endpoint: events of connected accounts need one of their own, at the same address."
    if len(ours) > expected.webhook_secrets:
        yield f"There are {len(ours)} endpoints and {expected.webhook_secrets} secrets in STRIPE_WEBHOOK_SECRET."


def _events(ours: list[dict[str, Any]]) -> Iterator[str]:
    told = {event for one in ours for event in one["enabled_events"]}
    missing = [] if "*" in told else [event for event in (*PAYMENT_EVENTS, *ACCOUNT_EVENTS) if event not in told]
    if missing:
        yield f"No endpoint sends these events: {', '.join(missing)}."
    for one in ours:
        if one["api_version"] not in (None, stripe.api_version):
            yield f"The endpoint {one['id']} speaks version {one['api_version']}; this program {stripe.api_version}."


def _cards(expected: Expected, account: dict[str, Any]) -> Iterator[str]:
    try:
        found = _read("payment_method_configurations", limit=100)["data"]
    except stripe.StripeError:
        return
    used = [one for one in found if one.get("active") and one.get("is_default") and not one.get("application")]
    if not any(part(one, "card").get("available") for one in used):
        yield "Cards are switched off in the dashboard's payment methods: no Checkout page could be paid."


def _wallets(expected: Expected, account: dict[str, Any]) -> Iterator[str]:
    """Wallets are offered on registered domains only. A key that may not read those does all the rest."""
    if not expected.wallet_domain:
        return
    try:
        found = _read("payment_method_domains", domain_name=expected.wallet_domain, limit=100)["data"]
    except stripe.StripeError:
        return
    if not any(one["enabled"] for one in found):
        yield (
            f"The domain {expected.wallet_domain} is not registered for wallets: add it in the dashboard, under "
            "Payment method domains. Without it no Apple Pay or Google Pay is offered in a session."
        )


def _read(path: str, **params: Any) -> dict[str, Any]:
    return dict(client().raw_request("get", f"/v1/{path}", **params).data)


def _write_nothing(path: str) -> None:
    client().raw_request("post", f"/v1/{path}", this_is_only_a_check="1")


def _why(error: stripe.StripeError) -> str:
    """Return what Stripe says, on one line."""
    return " ".join(str(error.user_message or error).split())
