"""`manage.py check_stripe` says in sentences what is wrong before the first customer finds out."""

from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from autodoctor.payments.stripe.client import client
from autodoctor.payments.stripe.setup import ACCOUNT_EVENTS, PAYMENT_EVENTS, READS, WRITES
from tests.kit.ports import free_port
from tests.kit.stripe_sandbox import RunningSandbox

SITE = "http://localhost:8000"


@pytest.fixture(autouse=True)
def _site(stripe_sandbox: RunningSandbox, settings: Settings) -> None:
    settings.SITE_URL = SITE
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_1", "whsec_2"]


@pytest.fixture
def endpoints(stripe_sandbox: RunningSandbox) -> None:
    for events in (PAYMENT_EVENTS, ACCOUNT_EVENTS):
        params: Any = {"url": f"{SITE}/api/stripe/webhook", "enabled_events": list(events)}
        client().v1.webhook_endpoints.create(params)


def check() -> str:
    told = StringIO()
    with suppress(SystemExit):
        call_command("check_stripe", stdout=told)
    return told.getvalue()


def test_check_stripe_passes_and_creates_nothing(endpoints: None, stripe_sandbox: RunningSandbox) -> None:
    assert check() == "Stripe is set up for test payments.\n"
    made = [thing for kind in ("customer", "refund", "account") for thing in stripe_sandbox.app.store.find(kind)]
    assert made == []


def test_check_stripe_names_each_wrong_setting(stripe_sandbox: RunningSandbox, settings: Settings) -> None:
    stripe_sandbox.control(
        "switches", settlement_currency="eur", statement_descriptor="", cards_enabled=False, connect_enabled=False
    )
    settings.STRIPE_COUNTRY = "DE"
    settings.SITE_URL = "https://doctor.example"
    said = check()
    for words in (
        "These are test keys",
        "STRIPE_COUNTRY says DE",
        "settles in eur",
        "No statement descriptor",
        "Cards are switched off",
        "Connect is not set up",
        "No enabled webhook endpoint points to https://doctor.example/api/stripe/webhook",
    ):
        assert words in said


def test_check_stripe_names_events_missing_at_the_endpoint(stripe_sandbox: RunningSandbox) -> None:
    address = f"{SITE}/api/stripe/webhook"
    client().v1.webhook_endpoints.create(
        {"url": address, "enabled_events": ["charge.refunded"], "api_version": "2020-08-27"}
    )
    said = check()
    assert "payout.failed" in said
    assert "charge.refunded," not in said
    assert "There is one endpoint" in said
    assert "speaks version 2020-08-27" in said


def test_check_stripe_names_missing_scopes_of_a_restricted_key(
    stripe_sandbox: RunningSandbox, settings: Settings
) -> None:
    settings.STRIPE_SECRET_KEY = "rk_test_1"
    everything = [*READS, *WRITES, "account", "payment_methods"]
    stripe_sandbox.control("switches", scopes={"rk_test_1": [one for one in everything if one != "refunds"]})
    said = check()
    assert "The key may not read refunds" in said
    assert "The key may not write refunds" in said
    assert "customers" not in said


def test_check_stripe_asks_for_the_domain_of_wallets_where_cards_are_entered(
    stripe_sandbox: RunningSandbox, settings: Settings
) -> None:
    settings.SITE_URL = "https://doctor.example"
    assert "The domain doctor.example is not registered for wallets" in check()
    client().v1.payment_method_domains.create({"domain_name": "doctor.example"})
    assert "wallets" not in check()
    settings.SITE_URL, settings.STRIPE_PUBLISHABLE_KEY = "https://other.example", ""
    assert "wallets" not in check()


def test_check_stripe_says_in_one_line_that_nobody_answers(settings: Settings) -> None:
    settings.STRIPE_API_BASE = f"http://127.0.0.1:{free_port()}"
    assert check() == "- Stripe does not answer from here: let this machine reach api.stripe.com, port 443.\n"


def test_check_stripe_names_an_unknown_key(stripe_sandbox: RunningSandbox, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "no key"
    assert check() == "- Stripe does not know the key in STRIPE_SECRET_KEY.\n"
