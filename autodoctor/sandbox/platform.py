"""Our own account at Stripe: its settings, its webhook endpoints, its ways to pay."""

from typing import Any

from autodoctor.sandbox import forms, objects
from autodoctor.sandbox.forms import LIST, Read
from autodoctor.sandbox.request_context import Desk
from autodoctor.sandbox.resources import listing
from autodoctor.sandbox.store import Json

Params = dict[str, Any]
COUNTRY = "US"


def own_account(desk: Desk, params: Params) -> Json:
    forms.read(params, {})
    return {
        "id": "acct_sandbox",
        "object": "account",
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": COUNTRY,
        "default_currency": desk.switched("settlement_currency"),
        "details_submitted": True,
        "email": "sandbox@example.com",
        "payouts_enabled": True,
        "settings": {"payments": {"statement_descriptor": desk.switched("statement_descriptor")}},
        "type": "standard",
    }


def create_endpoint(desk: Desk, params: Params) -> Json:
    """Register an endpoint. Deliveries go where `control.py` says all the same."""
    shape: dict[str, Read] = {
        "api_version": forms.text(40),
        "connect": forms.boolean,
        "description": forms.text(),
        "enabled_events": forms.each(forms.text(80), most=300),
        "metadata": forms.metadata,
        "url": forms.url,
    }
    given = forms.read(params, shape, required=["enabled_events", "url"])
    endpoint = {
        "id": objects.new_id("we"),
        "object": "webhook_endpoint",
        "api_version": given.get("api_version"),
        "application": None,
        "created": desk.now,
        "description": given.get("description"),
        "enabled_events": given["enabled_events"],
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "secret": "whsec_sandbox",
        "status": "enabled",
        "url": given["url"],
    }
    return desk.save(endpoint)


def list_configurations(desk: Desk, params: Params) -> Json:
    """Return the ways to pay that are switched on in the dashboard."""
    forms.read(params, LIST)
    on = desk.switched("cards_enabled")
    card = {
        "available": on,
        "display_preference": {"overridable": None, "preference": "on", "value": "on" if on else "off"},
    }
    default = {
        "id": "pmc_sandbox",
        "object": "payment_method_configuration",
        "active": True,
        "application": None,
        "card": card,
        "is_default": True,
        "livemode": False,
        "name": "Default",
        "parent": None,
    }
    return objects.a_list("/v1/payment_method_configurations", [default])


def create_domain(desk: Desk, params: Params) -> Json:
    """Register a domain on whose pages wallets are offered."""
    given = forms.read(params, {"domain_name": forms.text(253), "enabled": forms.boolean}, required=["domain_name"])
    wallets = ("amazon_pay", "apple_pay", "google_pay", "klarna", "link", "paypal")
    ways = {wallet: {"status": "active"} for wallet in wallets}
    domain = {
        "id": objects.new_id("pmd"),
        "object": "payment_method_domain",
        "created": desk.now,
        "domain_name": given["domain_name"],
        "enabled": given.get("enabled", True),
        "livemode": False,
    }
    return desk.save(domain | ways)


list_domains = listing(
    "payment_method_domain", "/v1/payment_method_domains", domain_name=forms.text(253), enabled=forms.boolean
)
list_endpoints = listing("webhook_endpoint", "/v1/webhook_endpoints")
