"""A card in the room over HTTP and in the panel: what the customer's page is told, and what nobody else is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.booking.extensions import Offer
from autodoctor.booking.models import ExtensionOption
from autodoctor.payments.models import Payment
from autodoctor.room.tests.live_session import live_session
from autodoctor.scheduler.loop import run_due
from autodoctor.sessions.models import Session, SessionEvent
from tests.kit.stripe_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def session(customer: User, mechanic: User, stripe_sandbox: RunningSandbox) -> Session:
    return live_session(customer, mechanic, granted_seconds=1800, clock_at=timezone.now())


@pytest.fixture
def client(customer: User, client_of: ClientOf) -> Client:
    return client_of(customer)


def accept(client: Client, session: Session, **more: Any) -> Any:
    option = Offer(ExtensionOption.objects.earliest("duration"), session.granted_seconds).key
    body = {"option": option, "card_here": True} | more
    return client.post(f"/api/sessions/{session.id}/extensions", body, content_type="application/json")


def card_of(client: Client, session: Session, payment_id: str) -> Any:
    return client.post(f"/api/sessions/{session.id}/extensions/{payment_id}/card", {}, content_type="application/json")


def panel_of(client: Client, session: Session) -> str:
    return " ".join(client.get(f"/sessions/{session.id}/more-time/").content.decode().split())


def told(session: Session) -> list[str]:
    run_due(timezone.now())
    events = SessionEvent.objects.filter(session=session, audience="both").order_by("seq")
    return [f"{e.kind} {e.data['extension']['stands']}" for e in events if "extension" in e.data]


def test_the_offer_is_accepted_and_its_amount_is_the_intents(
    client: Client, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    made = accept(client, session)
    assert (made.status_code, made.json()["state"], made.json()["link"]) == (201, "pay", "")
    assert made.json()["card_here"] is True
    entry = card_of(client, session, made.json()["id"]).json()
    assert (entry["amount_cents"], entry["currency"]) == (1499, "usd")
    assert accept(client, session).status_code == 200
    assert len(stripe_sandbox.app.store.find("payment_intent")) == 1
    assert told(session) == ["extension.pending bank", "extension.pending pay"]


def test_the_panel_has_the_way_to_the_form_for_the_customer_alone(
    client: Client, mechanic: User, client_of: ClientOf, session: Session
) -> None:
    assert "You enter your card here." in panel_of(client, session)
    payment_id = accept(client, session).json()["id"]
    shown = panel_of(client, session)
    assert f'data-enter-card="/api/sessions/{session.id}/extensions/{payment_id}"' in shown
    assert "Enter a card to pay $14.99 for 15 minutes." in shown
    assert "data-enter-card" not in panel_of(client_of(mechanic), session)
    seen = client_of(mechanic).get(f"/api/sessions/{session.id}/extensions").json()["extension"]
    assert (seen["card_here"], seen["state"]) == (False, "pay")


def test_without_a_key_the_panel_leads_to_stripes_page(client: Client, session: Session, settings: Any) -> None:
    accept(client, session)
    settings.STRIPE_PUBLISHABLE_KEY = ""
    shown = panel_of(client, session)
    assert "data-enter-card" not in shown
    assert 'form="pay-elsewhere"' in shown


def test_stripes_page_is_announced_to_both_and_ends_the_form(
    client: Client, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    payment_id = accept(client, session).json()["id"]
    told(session)
    led = client.post(f"/sessions/{session.id}/extension/page/")
    assert "/pay/cs_test" in led.headers["Location"]
    assert told(session) == ["extension.pending bank", "extension.pending pay", "extension.pending pay"]
    refused = card_of(client, session, payment_id)
    assert (refused.status_code, refused.json()["error"]) == (409, "another_way")
    assert "data-enter-card" not in panel_of(client, session)
    assert client.post(f"/sessions/{session.id}/extension/page/").headers["Location"] == led.headers["Location"]


def test_without_an_open_extension_the_way_to_stripes_page_leads_to_what_became_of_it(
    client: Client, session: Session
) -> None:
    payment_id = accept(client, session).json()["id"]
    client.delete(f"/api/sessions/{session.id}/extensions/{payment_id}")
    led = client.post(f"/sessions/{session.id}/extension/page/")
    assert led.headers["Location"] == f"/sessions/{session.id}/extension/"
    assert card_of(client, session, payment_id).json()["error"] == "extension_over"


def test_a_payment_service_that_is_down_is_said_in_words(
    client: Client, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    payment_id = accept(client, session).json()["id"]
    stripe_sandbox.control("faults", path="payment_intents/.*", status=503, times=20)
    down = card_of(client, session, payment_id)
    assert (down.status_code, down.json()["error"]) == (409, "payment_unavailable")
    assert "Nothing was charged" in down.json()["detail"]


def test_a_card_that_pays_extends_by_the_webhook_alone(
    client: Client, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    """The page is closed right after the confirmation."""
    secret = card_of(client, session, accept(client, session).json()["id"]).json()["client_secret"]
    stripe_sandbox.enter_card(secret)
    for event in stripe_sandbox.events("payment_intent.amount_capturable_updated") * 2:
        body, signature = stripe_sandbox.signed(event)
        Client().post("/api/stripe/webhook", body, "application/json", headers={"Stripe-Signature": signature})
    assert told(session)[-1] == "session.extended paid"
    session.refresh_from_db()
    assert session.granted_seconds == 2700
    assert Payment.objects.get(purpose="extension").card_last4 == "4242"
