"""What differs between accounts at Stripe is a switch of the double."""

import time
from collections import deque
from functools import partial
from typing import Any

import pytest
import stripe

from autodoctor.sandbox.objects import thin
from autodoctor.sandbox.switches import SWITCHES
from autodoctor.sandbox.tests.conftest import OpenCheckout
from autodoctor.sandbox.tests.test_connect import account, charge, onboard, send
from tests.kit.stripe_sandbox import RunningSandbox

__all__ = ["account", "charge"]
ONLY_TRANSFERS = {"capabilities": {"transfers": {"requested": True}}}


def test_every_switch_of_the_sandbox_has_a_position_and_others_are_refused(stripe_sandbox: RunningSandbox) -> None:
    assert stripe_sandbox.control("switches", paid_out=True) == SWITCHES | {"paid_out": True}
    answer = stripe_sandbox.browser.post("/_control/switches", json={"no such switch": 1})
    assert answer.status_code == 400


def test_transfers_alone_need_an_approval(client: Any, stripe_sandbox: RunningSandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Your platform needs approval"):
        client.v1.accounts.create(ONLY_TRANSFERS)
    abroad = {"country": "CA", "tos_acceptance": {"service_agreement": "recipient"}}
    assert client.v1.accounts.create(ONLY_TRANSFERS | abroad).country == "CA"
    with pytest.raises(stripe.InvalidRequestError, match="recipient"):
        client.v1.accounts.create(ONLY_TRANSFERS | abroad | {"country": "US"})
    stripe_sandbox.control("switches", transfers_only_approved=True)
    assert client.v1.accounts.create(ONLY_TRANSFERS).id


def test_a_switch_keeps_transfers_of_an_onboarded_account_pending(
    client: Any, account: Any, stripe_sandbox: RunningSandbox
) -> None:
    stripe_sandbox.control("switches", onboarding_takes_time=True)
    onboard(client, stripe_sandbox, account)
    assert client.v1.accounts.retrieve(account.id).capabilities.transfers == "pending"
    stripe_sandbox.control("accounts", account=account.id, outcome="enabled")
    assert client.v1.accounts.retrieve(account.id).capabilities.transfers == "active"


def test_nothing_is_paid_out_of_an_empty_balance(
    client: Any, account: Any, charge: Any, stripe_sandbox: RunningSandbox
) -> None:
    onboard(client, stripe_sandbox, account)
    stripe_sandbox.control("switches", settlement_currency="eur")
    with pytest.raises(stripe.InvalidRequestError, match="currency"):
        send(client, account, charge)
    stripe_sandbox.control("switches", settlement_currency="usd")
    sent = send(client, account, charge)
    stripe_sandbox.control("switches", paid_out=True, balance_cents=0)
    for take in (
        partial(client.v1.transfers.reversals.create, sent.id),
        partial(client.v1.refunds.create, {"charge": charge.id}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            take()
        assert refused.value.code == "balance_insufficient"


def test_a_switch_refuses_requests_over_the_rate_limit(
    client: Any, stripe_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_sandbox.app._api._pace, "_lately", deque([time.monotonic() + 60]))
    stripe_sandbox.control("switches", requests_a_second=1)
    with pytest.raises(stripe.RateLimitError):
        client.v1.customers.list()
    stripe_sandbox.control("switches", requests_a_second=0)
    assert client.v1.customers.list().data == []


def test_a_restricted_key_does_what_its_scopes_name(client: Any, stripe_sandbox: RunningSandbox) -> None:
    stripe_sandbox.control("switches", scopes={"rk_test_1": ["customers:read", "refunds"]})
    restricted = stripe.StripeClient("rk_test_1", base_addresses={"api": stripe_sandbox.url})
    assert restricted.v1.customers.list().data == []
    assert restricted.v1.refunds.list().data == []
    for act in (lambda: restricted.v1.customers.create({}), restricted.v1.charges.list):
        with pytest.raises(stripe.PermissionError):
            act()


def test_a_switch_refuses_cards_as_if_turned_off_in_the_dashboard(
    open_checkout: OpenCheckout, stripe_sandbox: RunningSandbox
) -> None:
    stripe_sandbox.control("switches", cards_enabled=False)
    with pytest.raises(stripe.InvalidRequestError, match="No valid payment method types"):
        open_checkout()


def test_a_thin_event_only_names_its_object(client: Any, stripe_sandbox: RunningSandbox) -> None:
    made = client.v1.customers.create({})
    [event] = stripe_sandbox.events("customer.created")
    sent = thin(event)
    assert (sent["type"], sent["related_object"]["id"]) == ("v1.customer.created", made.id)
    assert "data" not in sent
