"""The double is held against the SDK's types: what we send to it, and what it answers.

STRIPE_FIXTURES may name a file with Stripe's published example objects: what is text or an object there, is so here.
"""

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe as sdk
from stripe import params

from autodoctor.payments import stripe, stripe_requests
from autodoctor.payments.stripe.client import client
from autodoctor.sandbox import forms
from autodoctor.sandbox.api import Answer, Request
from autodoctor.sandbox.objects import public
from autodoctor.sandbox.tests.sdk_types import misfits, unknown_params
from tests.kit.stripe_sandbox import RunningSandbox

OBJECTS: dict[str, type[sdk.StripeObject]] = {
    "checkout.session": sdk.checkout.Session,
    "payment_intent": sdk.PaymentIntent,
    "charge": sdk.Charge,
    "refund": sdk.Refund,
    "dispute": sdk.Dispute,
    "account": sdk.Account,
    "transfer": sdk.Transfer,
    "transfer_reversal": sdk.TransferReversal,
    "event": sdk.Event,
    "customer": sdk.Customer,
    "payment_method": sdk.PaymentMethod,
    "radar.early_fraud_warning": sdk.radar.EarlyFraudWarning,
    "webhook_endpoint": sdk.WebhookEndpoint,
    "payout": sdk.Payout,
    "payment_method_domain": sdk.PaymentMethodDomain,
}
PARAMS: dict[str, Any] = {
    "checkout/sessions": params.checkout.SessionCreateParams,
    "checkout/sessions/{}/expire": params.checkout.SessionExpireParams,
    "payment_intents": params.PaymentIntentCreateParams,
    "payment_intents/{}/capture": params.PaymentIntentCaptureParams,
    "payment_intents/{}/cancel": params.PaymentIntentCancelParams,
    "refunds": params.RefundCreateParams,
    "customers": params.CustomerCreateParams,
    "customers/{}": params.CustomerUpdateParams,
    "payment_methods/{}/detach": params.PaymentMethodDetachParams,
    "accounts": params.AccountCreateParams,
    "account_links": params.AccountLinkCreateParams,
    "transfers": params.TransferCreateParams,
    "transfers/{}/reversals": params.TransferReversalCreateParams,
}
Told = list[Request]


@pytest.fixture
def told(stripe_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Everything is done once; returns the requests."""
    heard: Told = []
    answer: Callable[[Request], Answer] = stripe_sandbox.app._api.answer

    def listening(request: Request) -> Answer:
        heard.append(request)
        return answer(request)

    monkeypatch.setattr(stripe_sandbox.app._api, "answer", listening)
    everything(stripe_sandbox)
    return heard


def everything(sandbox: RunningSandbox) -> None:
    user = uuid4()
    buyer = stripe.create_customer(user_id=user, email="ann@example.com", name="Ann", key="customer")
    stripe.update_customer(buyer, email="ann@example.org", name="Ann", key="changed")
    held = paid(sandbox, customer_id=buyer)
    left = stripe.create_checkout(_checkout(), key="left")
    stripe.expire_checkout(left.id, key="over")
    again = stripe.attempt(_attempt(buyer, held.payment_method_id), key="attempt")
    stripe.cancel(again, key="cancel")
    entered = stripe.open_entry(_card_entry(buyer), key="entry")
    sandbox.enter_card(stripe.client_secret(entered), "4000000000003220")
    stripe.capture(held.intent_id, amount_cents=2000, key="capture")
    account = stripe.create_account(user_id=user, email="bob@example.com", country="US", key="account")
    stripe.create_account(user_id=user, email="cat@example.com", country="CA", key="abroad")
    back = {"refresh_url": "http://localhost/", "return_url": "http://localhost/"}
    sandbox.onboard(stripe.account_link(account.id, **back, key="link"))
    ids = {"payment_id": uuid4(), "movement_id": uuid4()}
    sent = stripe.transfer(
        amount_cents=900, currency="usd", account_id=account.id, charge_id=held.charge_id, **ids, key="transfer"
    )
    stripe.reverse(sent.id, amount_cents=100, movement_id=uuid4(), key="reverse")
    stripe.refund(held.intent_id, amount_cents=500, refund_id=uuid4(), key="refund")
    sandbox.control("warnings", charge=held.charge_id)
    sandbox.control("disputes", charge=held.charge_id)
    sandbox.control("accounts", account=account.id, outcome="payout_failed")
    stripe.forget_card(held.payment_method_id, key="forget")
    client().v1.webhook_endpoints.create({"url": "http://localhost/", "enabled_events": ["*"]})
    client().v1.payment_method_domains.create({"domain_name": "doctor.example"})


def paid(sandbox: RunningSandbox, **given: Any) -> stripe.PaymentSnapshot:
    page = stripe.create_checkout(_checkout(**given), key="page")
    sandbox.pay(page.url)
    return stripe.payment(stripe.checkout(page.id).intent_id)


def _checkout(*, customer_id: str = "") -> dict[str, Any]:
    return stripe_requests.checkout(
        payment_id=uuid4(),
        owner_id=uuid4(),
        amount_cents=2999,
        currency="usd",
        description="Standard Video",
        customer_id=customer_id,
        email="ann@example.com",
        success_url="http://localhost/",
        cancel_url="http://localhost/",
        expires_at=datetime.now(UTC) + timedelta(minutes=31),
    )


def _attempt(customer_id: str, payment_method_id: str) -> dict[str, Any]:
    return stripe_requests.attempt(
        payment_id=uuid4(),
        owner_id=uuid4(),
        amount_cents=1499,
        currency="usd",
        description="+15 minutes",
        customer_id=customer_id,
        payment_method_id=payment_method_id,
        return_url="http://localhost/",
    )


def _card_entry(customer_id: str) -> dict[str, Any]:
    return stripe_requests.card_entry(
        payment_id=uuid4(),
        owner_id=uuid4(),
        amount_cents=1499,
        currency="usd",
        description="+15 minutes",
        customer_id=customer_id,
    )


def _route(path: str) -> str:
    return re.sub(r"[a-z_]+_[A-Za-z0-9]{14,}(?=/|$)", "{}", path)


def test_every_parameter_that_we_send_is_known_to_the_sdk(told: Told) -> None:
    ours = [request for request in told if request.method == "POST" and "Bearer pk_" not in str(request.headers)]
    sent = [(_route(request.path), forms.parse(request.form)) for request in ours]
    assert {route for route, _given in sent} - PARAMS.keys() == {"webhook_endpoints", "payment_method_domains"}
    assert PARAMS.keys() - {route for route, _given in sent} == set()
    wrong = {(route, name) for route, given in sent if route in PARAMS for name in unknown_params(given, PARAMS[route])}
    assert wrong == set()


def test_a_parameter_unknown_to_the_sdk_is_found() -> None:
    given = {"mode": "payment", "payment_intent_data": {"capture": "x"}, "line_items": {"0": {"amount": "1"}}}
    found = set(unknown_params(given, params.checkout.SessionCreateParams))
    assert found == {"payment_intent_data.capture", "line_items.amount"}


@pytest.mark.parametrize("kind", OBJECTS)
def test_every_sandbox_object_has_the_type_of_the_sdk(told: Told, stripe_sandbox: RunningSandbox, kind: str) -> None:
    things = [public(thing) for thing in stripe_sandbox.app.store.find(kind)]
    assert things
    assert {misfit for thing in things for misfit in misfits(thing, OBJECTS[kind])} == set()


@pytest.mark.skipif("STRIPE_FIXTURES" not in os.environ, reason="STRIPE_FIXTURES names no file of example objects")
@pytest.mark.parametrize("kind", OBJECTS)
def test_every_member_of_a_sandbox_object_is_as_in_stripes_example(
    told: Told, stripe_sandbox: RunningSandbox, kind: str
) -> None:
    example = json.loads(Path(os.environ["STRIPE_FIXTURES"]).read_text())["resources"][kind]
    things = [public(thing) for thing in stripe_sandbox.app.store.find(kind)]
    both = [(name, example[name], thing[name]) for thing in things for name in example.keys() & thing.keys()]
    assert {
        name for name, theirs, ours in both if None not in (theirs, ours) and type(theirs) is not type(ours)
    } == set()
