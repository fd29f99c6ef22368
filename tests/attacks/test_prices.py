"""The server decides price and length of a session, whatever the client sends."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.booking.models import Plan
from autodoctor.booking.tests.intakes import intake_body
from autodoctor.payments import stripe
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session
from tests.kit import scene
from tests.kit.server import PLAIN, Server
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.waiting import until

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
FORGED: list[dict[str, Any]] = [
    {"price_cents": 1},
    {"price": "0.01", "amount": 1, "amount_cents": 1},
    {"currency": "jpy"},
    {"seconds": 999_999, "granted_seconds": 999_999, "duration": "24:00:00", "minutes": 600},
    {"quantity": -1},
    {"quantity": 100, "discount": 100, "coupon": "FREE"},
    {"kind": "diagnostic", "state": "live", "customer": str(uuid4()), "mechanic": str(uuid4())},
    {"plan_slug": "video", "plan_name": "Free", "terms": {"price_cents": 0}},
]


def form() -> dict[str, Any]:
    vehicle = {"vehicle": "new", "year": "2013", "make": "Ford", "model": "F-150"}
    return intake_body() | vehicle | {"safe": "yes", "waiver": "on"}


def check_terms(session: Session) -> None:
    """The terms are the plan's in our rows, in the ledger, and at Stripe."""
    plan = Plan.objects.get(slug="chat")
    payment = Payment.objects.get(owner_id=session.id)
    assert (session.price_cents, session.currency) == (plan.price_cents, plan.currency) == (999, "usd")
    assert (session.granted_seconds, session.kind, session.state) == (30 * 60, "chat", "draft")
    assert (payment.amount_cents, payment.currency, payment.state) == (999, "usd", "created")


def pay(payment: Payment, sandbox: RunningSandbox) -> stripe.PaymentSnapshot:
    sandbox.pay(payment.checkout_url)
    intent_id = stripe.checkout(payment.checkout_id).intent_id
    return stripe.payment(intent_id)


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: next(iter(forged)))
def test_the_api_ignores_a_forged_price_of_a_booking(
    customer: User, client_of: ClientOf, stripe_sandbox: RunningSandbox, forged: dict[str, Any]
) -> None:
    body = intake_body() | forged
    body["vehicle"] |= {"price_cents": 1}
    answer = client_of(customer).post("/api/sessions", body, content_type="application/json")
    assert answer.status_code in {201, 422}
    assert Session.objects.count() == (1 if answer.status_code == 201 else 0)
    for session in Session.objects.all():
        assert session.customer == customer
        check_terms(session)
        snapshot = pay(Payment.objects.get(), stripe_sandbox)
        assert (snapshot.amount_cents, snapshot.currency) == (999, "usd")


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: next(iter(forged)))
def test_the_form_ignores_a_forged_price_of_a_booking(
    customer: User, client_of: ClientOf, stripe_sandbox: RunningSandbox, forged: dict[str, Any]
) -> None:
    answer = client_of(customer).post("/book/", form() | {name: str(value) for name, value in forged.items()})
    assert answer.status_code in {303, 422}
    assert Session.objects.count() == (1 if answer.status_code == 303 else 0)
    for session in Session.objects.all():
        check_terms(session)


@pytest.mark.parametrize(
    "change",
    [
        {"plan": "chat "},
        {"plan": "-1"},
        {"plan": ""},
        {"plan": ["chat", "video"]},
        {"plan": {"slug": "chat", "price_cents": 1}},
        {"plan": None},
    ],
    ids=str,
)
def test_an_unknown_plan_is_refused(customer: User, client_of: ClientOf, change: dict[str, Any]) -> None:
    answer = client_of(customer).post("/api/sessions", intake_body() | change, content_type="application/json")
    assert answer.status_code in {201, 422} if change["plan"] == "chat " else answer.status_code == 422
    for session in Session.objects.all():
        check_terms(session)


def test_a_checkout_opened_again_ignores_a_forged_price(
    customer: User, client_of: ClientOf, stripe_sandbox: RunningSandbox
) -> None:
    client = client_of(customer)
    client.post("/api/sessions", intake_body(), content_type="application/json")
    session = Session.objects.get()
    forged = {"price_cents": "1", "amount": "1", "success_url": "https://evil.example/"}
    answer = client.post(f"/sessions/{session.id}/checkout/?amount=1", forged)
    assert answer.status_code == 303
    assert answer.headers["Location"] == Payment.objects.get().checkout_url
    check_terms(session)


def test_a_running_server_holds_the_plans_price_for_each_forged_one(server: Server) -> None:
    """Sends all forgeries at once and checks the holds on the cards."""
    for person, forged in zip(server.enroll(len(FORGED), f"forger-{uuid4().hex[:6]}-"), FORGED, strict=True):
        body = intake_body() | forged
        answer = server.client(person).post("/api/sessions", json=body)
        assert answer.status_code in {201, 422}, answer.text
        if answer.status_code == 422:
            continue
        link, id_ = answer.json()["checkout_url"], UUID(answer.json()["session"]["id"])
        httpx.post(link, data={"action": "pay", "card": "pm_card_visa"}, timeout=20, **PLAIN)
        until(lambda id_=id_: scene.state_of(server, id_) == "requested")  # type: ignore[misc]
        held = server.sql(
            "SELECT amount_cents, currency, state, seconds FROM payments_payment WHERE owner_id = %s",
            scene.key(server, id_),
        )
        assert held == [(999, "usd", "authorised", 1800)]
