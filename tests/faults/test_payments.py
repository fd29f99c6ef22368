"""Payment news that comes repeatedly, late, or during downtime: one consequence, one mail."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.kit import scene
from tests.kit.server import PLAIN, Person, Server, running
from tests.kit.waiting import until

SANDBOX = "/sandbox/stripe"


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def customer(shop: Server) -> Person:
    (person,) = shop.enroll(1, f"payer-{uuid4().hex[:6]}-")
    return person


def book(server: Server, customer: Person) -> tuple[UUID, str]:
    """Create a draft; return where to pay."""
    intake = {
        "plan": "chat",
        "vehicle": {"year": 2013, "make": "Ford", "model": "F-150"},
        "concern": "It clicks and does not start.",
        "safe": True,
        "waiver": True,
    }
    answer = server.client(customer).post("/api/sessions", json=intake)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["session"]["id"]), answer.json()["checkout_url"]


def control(server: Server, verb: str, **given: Any) -> Any:
    answer = httpx.post(f"{server.url}{SANDBOX}/_control/{verb}", json=given, timeout=60, **PLAIN)
    answer.raise_for_status()
    return answer.json()


def pay(checkout_url: str) -> str:
    """Press the button; return the redirect."""
    answer = httpx.post(checkout_url, data={"action": "pay", "card": "pm_card_visa"}, timeout=20, **PLAIN)
    assert answer.is_redirect, answer.text
    return answer.headers["Location"]


def events_of(server: Server, id_: UUID, kind: str) -> int:
    query = "SELECT count(*) FROM autodoctor_sessions_sessionevent WHERE session_id = %s AND kind = %s"
    ((count,),) = server.sql(query, scene.key(server, id_), kind)
    return int(count)


def letters_to(server: Server, person: Person) -> list[str]:
    """Return the subjects of this person's mails."""
    letters = [path.read_text() for path in sorted((server.data / "outbox").glob("*.eml"))]
    mine = [letter for letter in letters if person.email in letter.partition("\n\n")[0]]
    return [found[1] for letter in mine if (found := re.search(r"^Subject: (.*)$", letter, re.MULTILINE))]


def is_idle(server: Server) -> bool:
    """Return whether no job about payments, events or mails is left."""
    kinds = "kind LIKE 'stripe.%%' OR kind LIKE 'payment.%%' OR kind = 'mail.send'"
    return server.sql(f"SELECT count(*) FROM scheduler_job WHERE {kinds}") == [(0,)]


def announcement(server: Server, id_: UUID) -> str:
    """Return the id of Stripe's event for this session's hold."""
    path = f"{server.url}{SANDBOX}/v1/events?type=payment_intent.amount_capturable_updated"
    events = httpx.get(path, auth=("sk_test_sandbox", ""), timeout=20, **PLAIN).json()["data"]
    (mine,) = [event["id"] for event in events if event["data"]["object"]["metadata"]["owner_id"] == str(id_)]
    return str(mine)


def test_fifty_duplicate_webhooks_at_once_are_one_booking_and_one_mail(shop: Server, customer: Person) -> None:
    control(shop, "webhooks", paused=True)
    id_, checkout_url = book(shop, customer)
    pay(checkout_url)
    event_id = announcement(shop, id_)
    answers = control(shop, "flush", events=[event_id], copies=50, together=True)
    assert [answer["status"] for answer in answers] == [200] * 50
    until(lambda: scene.state_of(shop, id_) == "requested" and is_idle(shop))
    control(shop, "webhooks", paused=False)  # and the other events about it, each once
    control(shop, "flush", events=[event_id], copies=2)
    until(lambda: is_idle(shop))
    assert events_of(shop, id_, "session.requested") == 1
    assert shop.sql("SELECT count(*) FROM payments_stripeevent WHERE id = %s", event_id) == [(1,)]
    assert len(letters_to(shop, customer)) == 1


def test_webhook_and_page_of_success_at_once_make_one_booking(shop: Server, customer: Person) -> None:
    control(shop, "webhooks", paused=False)
    id_, checkout_url = book(shop, customer)
    page = pay(checkout_url)
    client = shop.client(customer)
    for _ in range(5):
        assert client.get(page).status_code == 200
    until(lambda: scene.state_of(shop, id_) == "requested" and is_idle(shop))
    assert events_of(shop, id_, "session.requested") == 1
    assert len(letters_to(shop, customer)) == 1


def test_a_booking_paid_while_the_server_is_down_is_admitted_after_the_restart(shop: Server, customer: Person) -> None:
    control(shop, "webhooks", paused=True)
    id_, checkout_url = book(shop, customer)
    pay(checkout_url)
    control(shop, "webhooks", paused=False)  # the requests are being sent when the server is killed
    shop.restart()
    until(lambda: scene.state_of(shop, id_) == "requested")
    until(lambda: is_idle(shop))
    assert events_of(shop, id_, "session.requested") == 1
    assert len(letters_to(shop, customer)) == 1
