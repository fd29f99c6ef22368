"""Parallel, repeated and forged refunds and disputes against a server process: the ledger moves once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.faults.test_payments import book, control, is_idle, pay
from tests.kit import scene
from tests.kit.server import PLAIN, Person, Server, running
from tests.kit.waiting import until

CHARGED = 999


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def charged(shop: Server) -> tuple[UUID, str]:
    """A session that is over and charged in full, and its payment."""
    (customer,) = shop.enroll(1, f"payer-{uuid4().hex[:6]}-")
    (mechanic,) = shop.enroll(1, f"mechanic-{uuid4().hex[:6]}-", mechanics=True)
    id_, checkout_url = book(shop, customer)
    pay(checkout_url)
    until(lambda: scene.state_of(shop, id_) == "requested")
    for_both(shop, customer, mechanic, id_)
    query = "SELECT id FROM payments_payment WHERE owner_id = %s AND state = 'captured'"
    until(lambda: bool(shop.sql(query, scene.key(shop, id_))))
    ((payment_id,),) = shop.sql(query, scene.key(shop, id_))
    return id_, str(UUID(str(payment_id)))


def for_both(shop: Server, customer: Person, mechanic: Person, id_: UUID) -> None:
    """Accept, join, start, and end by the customer."""
    shop.client(mechanic).post(f"/api/sessions/{id_}/accept").raise_for_status()
    talk = scene.Talk(shop, customer, mechanic, id_)
    with talk.open(customer), talk.open(mechanic):
        until(lambda: scene.state_of(shop, id_) == "waiting")
        shop.client(mechanic).post(f"/api/sessions/{id_}/start").raise_for_status()
        shop.client(customer).post(f"/api/sessions/{id_}/end").raise_for_status()


def support(shop: Server) -> httpx.Client:
    return shop.client(shop.sign_in("support@example.com"))


def give(client: httpx.Client, session_id: UUID, payment_id: str, amount: str, token: str = "") -> int:
    form = {"token": token or str(uuid4()), "payment": payment_id, "amount": amount, "borne_by": "platform"}
    form |= {"reason": "It froze", "sure": "on"}
    return client.post(f"/support/sessions/{session_id}/refund/", data=form).status_code


def at_once(count: int, act: Any) -> list[int]:
    with ThreadPoolExecutor(count) as crowd:
        return sorted(crowd.map(act, range(count)))


def in_the_ledger(shop: Server, payment_id: str) -> list[tuple[int, str]]:
    rows = shop.sql(
        "SELECT amount_cents, state FROM payments_refund WHERE payment_id = %s", scene.key(shop, UUID(payment_id))
    )
    return [(int(cents), str(state)) for cents, state in rows]


def at_stripe(shop: Server, kind: str, payment_id: str) -> list[dict[str, Any]]:
    """Return all objects of this kind that belong to the payment."""
    intents = api(shop, "payment_intents?limit=100")
    (intent,) = [one["id"] for one in intents if one["metadata"].get("payment_id") == payment_id]
    return api(shop, f"{kind}?payment_intent={intent}")


def api(shop: Server, path: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{shop.url}/sandbox/stripe/v1/{path}", auth=("sk_test_sandbox", ""), timeout=20, **PLAIN)
    return list(answer.json()["data"])


def test_twelve_parallel_refunds_give_back_no_more_than_was_charged(shop: Server, charged: tuple[UUID, str]) -> None:
    session_id, payment_id = charged
    clients = [support(shop) for _ in range(12)]
    answers = at_once(12, lambda number: give(clients[number], session_id, payment_id, "4.00"))
    assert answers == [303] * 2 + [409] * 10
    until(lambda: is_idle(shop))
    assert in_the_ledger(shop, payment_id) == [(400, "issued")] * 2
    assert sum(refund["amount"] for refund in at_stripe(shop, "refunds", payment_id)) == 800


def test_a_refund_form_sent_eight_times_at_once_refunds_once(shop: Server, charged: tuple[UUID, str]) -> None:
    session_id, payment_id = charged
    clients, token = [support(shop) for _ in range(8)], str(uuid4())
    assert at_once(8, lambda number: give(clients[number], session_id, payment_id, "1.00", token)) == [303] * 8
    until(lambda: is_idle(shop))
    assert in_the_ledger(shop, payment_id) == [(100, "issued")]


def test_a_refund_of_more_than_was_paid_or_of_another_session_is_refused(
    shop: Server, charged: tuple[UUID, str]
) -> None:
    session_id, payment_id = charged
    desk = support(shop)
    assert give(desk, session_id, payment_id, "10.00") == 409
    assert give(desk, uuid4(), payment_id, "1.00") == 404
    assert give(desk, session_id, str(uuid4()), "1.00") == 422
    assert in_the_ledger(shop, payment_id) == []


def test_a_dispute_delivered_a_hundred_times_is_stored_once(shop: Server, charged: tuple[UUID, str]) -> None:
    session_id, payment_id = charged
    (charge,) = at_stripe(shop, "charges", payment_id)
    control(shop, "webhooks", paused=True)
    opened = control(shop, "disputes", charge=charge["id"])
    control(shop, "flush", order="reversed", copies=50, together=True)
    until(lambda: is_idle(shop))
    key = scene.key(shop, UUID(payment_id))
    found = "SELECT amount_cents, outcome FROM payments_dispute WHERE payment_id = %s"
    assert shop.sql(found, key) == [(CHARGED, "")]
    assert give(support(shop), session_id, payment_id, "1.00") == 422, "a bank has this money"

    control(shop, "disputes", dispute=opened["id"], won=False)
    control(shop, "flush", order="reversed", copies=50, together=True)
    control(shop, "webhooks", paused=False)
    until(lambda: is_idle(shop))
    assert shop.sql(found, key) == [(CHARGED, "lost")]
    told = "SELECT kind FROM autodoctor_sessions_sessionevent WHERE session_id = %s AND audience = 'support'"
    assert sorted(kind for (kind,) in shop.sql(told, scene.key(shop, session_id))) == [
        "alert.support",
        "payment.dispute_closed",
    ]
    assert in_the_ledger(shop, payment_id) == []


def test_a_dispute_that_stripe_did_not_sign_is_refused(shop: Server, charged: tuple[UUID, str]) -> None:
    _session_id, payment_id = charged
    (charge,) = at_stripe(shop, "charges", payment_id)
    forged = {
        "id": f"evt_{uuid4().hex}",
        "type": "charge.dispute.created",
        "data": {"object": {"id": "du_x", "object": "dispute", "payment_intent": charge["payment_intent"]}},
    }
    answer = shop.client().post("/api/stripe/webhook", json=forged, headers={"Stripe-Signature": "t=1,v1=00"})
    assert answer.status_code == 400
    assert shop.sql(
        "SELECT count(*) FROM payments_dispute WHERE payment_id = %s", scene.key(shop, UUID(payment_id))
    ) == [(0,)]
