"""Attacks on a card that is entered in the room: another amount, another session, an old secret, a key of browsers."""

import re
from collections.abc import Callable
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
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import endings
from autodoctor.sessions.models import Session, SessionEvent
from tests.kit.stripe_sandbox import BROWSER_KEY, RunningSandbox

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
State = Payment.State
WAYS = ("card", "confirmed")
SECRET = re.compile(r"_secret_")


@pytest.fixture
def session(customer: User, mechanic: User, stripe_sandbox: RunningSandbox) -> Session:
    return live_session(customer, mechanic)


def begin(client: Client, session: Session) -> Payment:
    """Accept the shortest offer, to enter a card here."""
    option = Offer(ExtensionOption.objects.earliest("duration"), session.granted_seconds).key
    address = f"/api/sessions/{session.id}/extensions"
    answer = client.post(address, {"option": option, "card_here": True}, content_type="application/json")
    assert (answer.status_code, answer.json()["state"], answer.json()["card_here"]) == (201, "pay", True)
    return Payment.objects.get(id=answer.json()["id"])


def press(client: Client, session: Session, payment_id: Any, way: str = "card") -> Any:
    address = f"/api/sessions/{session.id}/extensions/{payment_id}/{way}"
    return client.post(address, {}, content_type="application/json")


def secret_of(client: Client, session: Session, payment: Payment) -> str:
    answer = press(client, session, payment.id)
    assert answer.status_code == 200, answer.content
    assert "no-store" in answer.headers["Cache-Control"]
    return str(answer.json()["client_secret"])


def granted(session: Session) -> int:
    run_due(timezone.now())
    session.refresh_from_db()
    return session.granted_seconds


def test_a_card_gives_time_once_however_often_the_page_says_so(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    client, before = client_of(customer), session.granted_seconds
    payment = begin(client, session)
    stripe_sandbox.enter_card(secret_of(client, session, payment))
    for _ in range(3):
        assert press(client, session, payment.id, "confirmed").json()["state"] == "paid"
        assert granted(session) == before + payment.seconds
    assert SessionEvent.objects.filter(session=session, kind="session.extended").count() == 1


def test_saying_that_a_card_was_confirmed_gives_no_time(customer: User, client_of: ClientOf, session: Session) -> None:
    client, before = client_of(customer), session.granted_seconds
    payment = begin(client, session)
    assert press(client, session, payment.id, "confirmed").json()["state"] == "pay"
    assert granted(session) == before


@pytest.mark.parametrize("extra", [{"amount": "50"}, {"currency": "jpy"}, {"metadata[payment_id]": "x"}])
def test_a_browser_changes_neither_amount_nor_purpose(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox, extra: dict[str, str]
) -> None:
    client = client_of(customer)
    secret = secret_of(client, session, begin(client, session))
    refused = stripe_sandbox.enter_card(secret, **extra)
    assert refused["error"]["code"] == "parameter_unknown"
    [intent] = stripe_sandbox.app.store.find("payment_intent")
    assert (intent["amount"], intent["status"]) == (1499, "requires_payment_method")


def test_an_intent_over_another_amount_gives_no_time(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    client, before = client_of(customer), session.granted_seconds
    payment = begin(client, session)
    secret = secret_of(client, session, payment)
    [intent] = stripe_sandbox.app.store.find("payment_intent")
    stripe_sandbox.app.store.put(intent | {"amount": 50})
    stripe_sandbox.enter_card(secret)
    press(client, session, payment.id, "confirmed")
    assert granted(session) == before
    payment.refresh_from_db()
    assert (payment.state, payment.mismatch) == (State.CREATED, "amount")


@pytest.mark.parametrize("way", WAYS)
def test_nobody_else_gets_at_a_card_entry(
    customer: User,
    mechanic: User,
    stranger: User,
    support: User,
    client_of: ClientOf,
    session: Session,
    way: str,
) -> None:
    payment = begin(client_of(customer), session)
    others = {person: press(client_of(person), session, payment.id, way) for person in (mechanic, stranger, support)}
    assert {person: answer.status_code for person, answer in others.items()} == {
        mechanic: 403,
        stranger: 404,
        support: 403,
    }
    assert not any(SECRET.search(answer.content.decode()) for answer in others.values())
    assert press(Client(), session, payment.id, way).status_code == 401


@pytest.mark.parametrize("way", WAYS)
def test_the_intent_of_another_session_is_the_404_of_an_unknown_one(
    customer: User, stranger: User, mechanic2: User, client_of: ClientOf, session: Session, way: str
) -> None:
    other = live_session(stranger, mechanic2)
    payment = begin(client_of(stranger), other)
    client = client_of(customer)
    answers = [press(client, session, payment.id, way), press(client, session, uuid4(), way)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_stripes_page_opens_for_its_customer_alone(
    customer: User, mechanic: User, stranger: User, support: User, client_of: ClientOf, session: Session
) -> None:
    begin(client_of(customer), session)
    address = f"/sessions/{session.id}/extension/page/"
    assert [client_of(one).post(address).status_code for one in (mechanic, stranger, support)] == [404, 404, 404]
    led = client_of(customer).post(address)
    assert (led.status_code, "/pay/cs_test" in led.headers["Location"]) == (303, True)


def test_after_the_end_there_is_no_secret_and_the_old_one_charges_nothing(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    client = client_of(customer)
    payment = begin(client, session)
    secret = secret_of(client, session, payment)
    endings.end_session(session_id=session.id, by=customer, now=timezone.now(), shown_cents=None)
    stripe_sandbox.enter_card(secret)
    refused = press(client, session, payment.id)
    assert (refused.status_code, refused.json()["error"]) == (409, "extension_over")
    run_due(timezone.now())
    run_due(timezone.now())
    payment.refresh_from_db()
    assert payment.state in (State.RELEASED, State.FAILED)
    assert [one["status"] for one in stripe_sandbox.app.store.find("payment_intent")] == ["canceled"]


def test_a_secret_is_good_for_one_payment(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    client = client_of(customer)
    payment = begin(client, session)
    secret = secret_of(client, session, payment)
    assert stripe_sandbox.enter_card(secret)["status"] == "requires_capture"
    assert stripe_sandbox.enter_card(secret, "5555555555554444")["error"]["code"] == "payment_intent_unexpected_state"
    press(client, session, payment.id, "confirmed")
    assert press(client, session, payment.id).status_code == 409
    assert begin_again(client, session) not in secret


def begin_again(client: Client, session: Session) -> str:
    """Extend once more; return the new intent."""
    granted(session)
    payment = begin(client, session)
    return secret_of(client, session, payment).partition("_secret_")[0]


def test_a_browsers_key_opens_one_intent_with_its_secret_and_nothing_else(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    client = client_of(customer)
    secret = secret_of(client, session, begin(client, session))
    intent_id = secret.partition("_secret_")[0]
    key = {"Authorization": f"Bearer {BROWSER_KEY}"}
    shown = stripe_sandbox.browser.get(
        f"/v1/payment_intents/{intent_id}", params={"client_secret": secret}, headers=key
    ).json()
    assert not {"metadata", "customer", "latest_charge"} & shown.keys()
    for wrong in ("", f"{intent_id}_secret_guessed"):
        answer = stripe_sandbox.browser.get(
            f"/v1/payment_intents/{intent_id}", params={"client_secret": wrong}, headers=key
        )
        assert answer.status_code == 400
    for path in ("payment_intents", "charges", "customers", f"payment_intents/{intent_id}/capture", "refunds"):
        refused = stripe_sandbox.browser.post(f"/v1/{path}", data={}, headers=key)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "secret_key_required")


def test_the_secret_stands_in_no_row_and_no_event(
    customer: User, client_of: ClientOf, session: Session, stripe_sandbox: RunningSandbox
) -> None:
    client = client_of(customer)
    payment = begin(client, session)
    stripe_sandbox.enter_card(secret_of(client, session, payment), "4000000000000002")
    press(client, session, payment.id, "confirmed")
    led = client.post(f"/sessions/{session.id}/extension/page/")
    run_due(timezone.now())
    payment.refresh_from_db()
    kept = [vars(payment), *SessionEvent.objects.filter(session=session).values(), *Job.objects.values()]
    assert not any(SECRET.search(text) for text in (led.headers["Location"], *map(str, kept)))
