"""Only Stripe, and only recently, can report a payment."""

import json
import time
from typing import Any

import httpx
import pytest

from autodoctor.sandbox.webhooks import sign
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import PLAIN, Server
from tests.kit.waiting import until

SECRET = "whsec_sandbox"
ADDRESS = "/api/stripe/webhook"


@pytest.fixture(scope="module")
def draft(server: Server) -> Talk:
    return scene.stage(server, "draft")


def event(talk: Talk, **changes: Any) -> str:
    """Build the event that says that the draft's booking is paid."""
    query = "SELECT id FROM payments_payment WHERE owner_id = %s"
    ((payment_id,),) = talk.server.sql(query, scene.key(talk.server, talk.id))
    paid = {
        "id": "pi_forged",
        "object": "payment_intent",
        "status": "requires_capture",
        "amount": 999,
        "amount_capturable": 999,
        "currency": "usd",
        "metadata": {"payment_id": str(payment_id), "owner_id": str(talk.id)},
    }
    given = {
        "id": f"evt_{time.time_ns()}",
        "object": "event",
        "type": "payment_intent.amount_capturable_updated",
        "livemode": False,
        "created": int(time.time()),
        "data": {"object": paid},
    }
    return json.dumps(given | changes)


def deliver(server: Server, body: str, signature: str | None) -> httpx.Response:
    headers = {"Content-Type": "application/json"} | ({} if signature is None else {"Stripe-Signature": signature})
    return httpx.post(server.url + ADDRESS, content=body.encode(), headers=headers, timeout=20, **PLAIN)


def signatures(body: str) -> dict[str, str | None]:
    now = int(time.time())
    good = sign(body, SECRET, now)
    stamp, mac = good.split(",")
    return {
        "none": None,
        "empty": "",
        "no MAC": stamp,
        "no time": mac,
        "nonsense": "t=now,v1=abc",
        "of another body": sign(body + " ", SECRET, now),
        "too old": sign(body, SECRET, now - 301),
        "in the future": sign(body, SECRET, now + 600),
        "of a retired secret": sign(body, "whsec_retired", now),
        "of no secret": sign(body, "", now),
        "in another scheme": good.replace("v1=", "v0="),
        "with a later time put on": f"t={now + 1},{mac}",
        "with two times": f"t={now - 400},{good}",
        "cut short": good[:-2],
    }


@pytest.mark.parametrize("name", signatures(""))
def test_a_forged_webhook_is_refused(draft: Talk, name: str) -> None:
    body = event(draft)
    answer = deliver(draft.server, body, signatures(body)[name])
    assert (answer.status_code, answer.json()["error"]) == (400, "not_verified")


def test_a_webhook_whose_signed_bytes_were_changed_is_refused(draft: Talk) -> None:
    """A parsed and rewritten event is another body."""
    body = event(draft)
    signature = sign(body, SECRET, int(time.time()))
    again = json.dumps(json.loads(body), indent=1)
    assert deliver(draft.server, again, signature).status_code == 400
    assert deliver(draft.server, body.replace("999", "998"), signature).status_code == 400


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '"x"', "not JSON", '{"id": 1, "type": []}', "[" * 50_000])
def test_a_signed_webhook_that_is_no_event_is_refused(server: Server, body: str) -> None:
    assert deliver(server, body, sign(body, SECRET, int(time.time()))).status_code == 400


def test_a_webhook_that_is_too_large_is_refused(server: Server) -> None:
    for size in (600_000, 2_000_000):
        assert deliver(server, "x" * size, "t=1,v1=aa").status_code == 413


def test_a_signed_webhook_is_checked_with_stripe_before_it_is_believed(draft: Talk) -> None:
    body = event(draft)
    answer = deliver(draft.server, body, sign(body, SECRET, int(time.time())))
    assert answer.status_code == 200
    tried = f"SELECT attempts FROM scheduler_job WHERE kind = 'stripe.event' AND key = '{json.loads(body)['id']}'"
    until(lambda: draft.server.sql(tried) != [(0,)])
    assert scene.state_of(draft.server, draft.id) == "draft"
    query = "SELECT state FROM payments_payment WHERE owner_id = %s"
    assert draft.server.sql(query, scene.key(draft.server, draft.id)) == [("created",)]
