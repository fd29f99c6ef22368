"""Attacks on extensions: a lower price, a stranger's request, time before payment, a session that is over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

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
from autodoctor.sessions.states import RUNNING, State
from tests.kit.stripe_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
NOT_RUNNING = [state for state in State if state not in RUNNING]
FORGED: list[dict[str, Any]] = [
    {"price_cents": 1},
    {"amount_cents": 1, "amount": 1},
    {"seconds": 999_999, "granted_seconds": 999_999},
    {"currency": "jpy"},
    {"quantity": -1},
    {"payment_id": str(uuid4()), "state": "paid"},
    {"return_url": "https://evil.example/", "success_url": "https://evil.example/"},
]


@pytest.fixture
def session(customer: User, mechanic: User, stripe_sandbox: RunningSandbox) -> Session:
    return live_session(customer, mechanic)


def offer(session: Session) -> str:
    return Offer(ExtensionOption.objects.earliest("duration"), session.granted_seconds).key


def accept(client: Client, session: Session, **body: Any) -> Any:
    given = {"option": offer(session)} | body
    return client.post(f"/api/sessions/{session.id}/extensions", given, content_type="application/json")


def nothing_happened(session: Session) -> bool:
    before = session.granted_seconds
    session.refresh_from_db()
    return (
        session.granted_seconds == before
        and not Payment.objects.exists()
        and not SessionEvent.objects.filter(session=session).exists()
    )


@pytest.mark.parametrize("forged", FORGED, ids=lambda forged: next(iter(forged)))
def test_the_price_of_an_extension_is_that_of_the_server(
    customer: User, client_of: ClientOf, session: Session, forged: dict[str, Any]
) -> None:
    assert accept(client_of(customer), session, **forged).status_code == 422
    assert nothing_happened(session)


@pytest.mark.parametrize("change", [(1, "60"), (2, "1"), (2, "-1"), (2, "0"), (0, "999"), (3, "0")], ids=str)
def test_an_extension_offer_with_a_forged_price_or_time_is_refused(
    customer: User, client_of: ClientOf, session: Session, change: tuple[int, str]
) -> None:
    """The key names time and price, but the server looks the offer up instead of trusting the key."""
    parts = offer(session).split("-")
    parts[change[0]] = change[1]
    assert accept(client_of(customer), session, option="-".join(parts)).status_code in {409, 422}
    assert nothing_happened(session)


@pytest.mark.parametrize("option", ["", "1", None, 15, ["x"], {"id": 1}, "1-1-1-1-1", "٣-٣-٣-٣", "1-900-1499-1800\n"])
def test_an_invalid_extension_offer_is_answered_with_422(
    customer: User, client_of: ClientOf, session: Session, option: Any
) -> None:
    assert accept(client_of(customer), session, option=option).status_code in {409, 422}
    assert nothing_happened(session)


@pytest.mark.parametrize("state", NOT_RUNNING)
def test_no_extension_is_sold_before_the_start_or_after_the_end(
    customer: User, mechanic: User, client_of: ClientOf, stripe_sandbox: RunningSandbox, state: State
) -> None:
    claimed = mechanic if state not in (State.DRAFT, State.REQUESTED) else None
    session = live_session(customer, claimed, state=state)
    refused = accept(client_of(customer), session)
    assert (refused.status_code, refused.json()["error"]) == (409, "session_closed")
    assert nothing_happened(session)
    assert client_of(customer).get(f"/api/sessions/{session.id}/extensions").json()["offers"] == []


def test_no_extension_is_sold_while_no_mechanic_is_there(
    customer: User, client_of: ClientOf, stripe_sandbox: RunningSandbox
) -> None:
    now = timezone.now()
    session = live_session(customer, None, state=State.HANDING_OVER, paused_at=now, search_at=now)
    refused = accept(client_of(customer), session)
    assert (refused.status_code, refused.json()["error"]) == (409, "no_mechanic")
    assert nothing_happened(session)
    assert client_of(customer).get(f"/api/sessions/{session.id}/extensions").json()["offers"] == []


def test_no_extension_is_sold_once_the_time_is_up(customer: User, client_of: ClientOf, session: Session) -> None:
    session.ends_at = timezone.now() - timedelta(milliseconds=1)
    session.save()
    assert accept(client_of(customer), session).status_code == 409
    assert nothing_happened(session)


def test_only_the_customer_buys_and_only_the_mechanic_allows_extensions(
    mechanic: User, stranger: User, support: User, customer: User, client_of: ClientOf, session: Session
) -> None:
    bought = {person: accept(client_of(person), session).status_code for person in (mechanic, stranger, support)}
    assert bought == {mechanic: 403, stranger: 404, support: 403}
    address = f"/api/sessions/{session.id}/allowance"
    allowed = {
        person: client_of(person).post(address, {"seconds": 0}, content_type="application/json").status_code
        for person in (customer, stranger, support)
    }
    assert allowed == {customer: 403, stranger: 404, support: 403}
    assert nothing_happened(session)


@pytest.mark.parametrize("seconds", [-1, 10**9, "all", 1.5, [], True])
def test_an_extension_allowance_that_is_no_number_of_seconds_is_refused(
    mechanic: User, client_of: ClientOf, session: Session, seconds: Any
) -> None:
    address = f"/api/sessions/{session.id}/allowance"
    answer = client_of(mechanic).post(address, {"seconds": seconds}, content_type="application/json")
    assert answer.status_code == 422


def test_an_extension_of_another_session_cannot_be_canceled(
    customer: User, stranger: User, mechanic2: User, client_of: ClientOf, session: Session
) -> None:
    other = live_session(stranger, mechanic2)
    assert accept(client_of(stranger), other).status_code == 201
    payment = Payment.objects.get()
    for client, of in ((client_of(customer), session), (client_of(customer), other), (client_of(stranger), session)):
        assert client.delete(f"/api/sessions/{of.id}/extensions/{payment.id}").status_code == 404
    payment.refresh_from_db()
    assert payment.due_cents is None


def test_paying_less_for_an_extension_gives_no_time(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    """A changed amount at Stripe gives a hold that does not match our row."""
    link = accept(client_of(customer), session).json()["link"]
    store = stripe_sandbox.app.store
    [page] = store.find("checkout.session")
    store.put(page | {"amount_total": 50})
    stripe_sandbox.pay(link)
    client_of(customer).get(f"/sessions/{session.id}/extension/")
    run_due(timezone.now())
    assert Payment.objects.get().mismatch == "amount"
    session.refresh_from_db()
    assert session.granted_seconds == 1800
    assert SessionEvent.objects.filter(session=session, kind="alert.support").count() == 1
