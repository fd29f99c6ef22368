"""Extensions with repeated webhooks, a dead server or an expired time: given once, or released."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.faults.test_payments import SANDBOX, announcement, control, events_of
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import PLAIN, Server, running
from tests.kit.stripe_sandbox import BROWSER_KEY, card_form
from tests.kit.waiting import until


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    with running(deadlines={"extension_hold": 5}) as server:
        yield server


def accept(talk: Talk) -> dict[str, Any]:
    """Accept the shortest offer; return the extension with its payment link."""
    client, address = talk.server.client(talk.customer), f"/api/sessions/{talk.id}/extensions"
    answer = client.post(address, json={"option": client.get(address).json()["offers"][0]["option"]})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


def enter_card(talk: Talk) -> None:
    """Accept the shortest offer, and pay it with a card in the room."""
    client, address = talk.server.client(talk.customer), f"/api/sessions/{talk.id}/extensions"
    offer = {"option": client.get(address).json()["offers"][0]["option"], "card_here": True}
    made = client.post(address, json=offer).json()
    secret = client.post(f"{address}/{made['id']}/card", json={}).json()["client_secret"]
    stripe, key = f"{talk.server.url}{SANDBOX}/v1/payment_intents", {"Authorization": f"Bearer {BROWSER_KEY}"}
    confirm = f"{stripe}/{secret.partition('_secret_')[0]}/confirm"
    answer = httpx.post(confirm, data=card_form(secret), headers=key, timeout=20, **PLAIN)
    assert answer.json()["status"] == "requires_capture", answer.text


def pay_on_a_page(talk: Talk) -> None:
    pay(accept(talk)["link"])


def pay(link: str) -> None:
    answer = httpx.post(link, data={"action": "pay", "card": "pm_card_visa"}, timeout=20, **PLAIN)
    assert "/extension/" in answer.headers["Location"], answer.text


def granted(talk: Talk) -> int:
    query = "SELECT granted_seconds FROM autodoctor_sessions_session WHERE id = %s"
    return int(talk.server.sql(query, scene.key(talk.server, talk.id))[0][0])


def payment_state(talk: Talk) -> tuple[str, int | None]:
    query = "SELECT state, due_cents FROM payments_payment WHERE purpose = 'extension' AND owner_id = %s"
    ((state, due),) = talk.server.sql(query, scene.key(talk.server, talk.id))
    return str(state), due


def test_both_clocks_show_a_paid_extension(shop: Server) -> None:
    control(shop, "webhooks", paused=False)
    talk = scene.stage(shop)
    with talk.open(talk.customer) as customer, talk.open(talk.mechanic) as mechanic:
        extension = accept(talk)
        for page in (customer, mechanic):
            page.expect("event", kind="extension.pending")
        pay(extension["link"])
        for page in (customer, mechanic):
            told = page.expect("event", kind="session.extended")
            assert told["data"]["session"]["granted_seconds"] == 1800 + 900
    assert granted(talk) == 1800 + 900


@pytest.mark.parametrize("pays", [pay_on_a_page, enter_card], ids=["page", "here"])
def test_fifty_duplicate_webhooks_at_once_extend_a_session_once(shop: Server, pays: Callable[[Talk], None]) -> None:
    control(shop, "webhooks", paused=True)
    talk = scene.stage(shop)
    pays(talk)
    event_id = announcement(shop, talk.id)
    answers = control(shop, "flush", events=[event_id], copies=50, together=True)
    assert [answer["status"] for answer in answers] == [200] * 50
    until(lambda: events_of(shop, talk.id, "session.extended") == 1)
    control(shop, "flush", order="reversed", copies=3)
    assert (events_of(shop, talk.id, "session.extended"), granted(talk)) == (1, 1800 + 900)


@pytest.mark.parametrize("pays", [pay_on_a_page, enter_card], ids=["page", "here"])
def test_an_extension_paid_while_the_server_is_down_is_given_after_the_restart(
    shop: Server, pays: Callable[[Talk], None]
) -> None:
    control(shop, "webhooks", paused=True)
    talk = scene.stage(shop)
    pays(talk)
    control(shop, "webhooks", paused=False, copies=3, jitter_seconds=1)
    shop.restart()
    until(lambda: events_of(shop, talk.id, "session.extended") == 1)
    control(shop, "webhooks", copies=1, jitter_seconds=0)
    assert granted(talk) == 1800 + 900


def test_the_end_waits_for_a_customer_who_is_paying_an_extension(shop: Server) -> None:
    control(shop, "webhooks", paused=False)
    talk = scene.stage(shop, seconds=8)
    with talk.open(talk.customer) as customer, talk.open(talk.mechanic):
        link = accept(talk)["link"]
        held = customer.expect("event", kind="session.held")
        assert held["data"]["session"]["hold_until"] > held["data"]["session"]["ends_at"]
        pay(link)
        extended = customer.expect("event", kind="session.extended")
        assert extended["data"]["session"]["hold_until"] is None
    assert scene.state_of(shop, talk.id) == "live"


def test_an_extension_paid_too_late_is_released(shop: Server) -> None:
    control(shop, "webhooks", paused=True)
    talk = scene.stage(shop, seconds=8)
    with talk.open(talk.customer) as customer, talk.open(talk.mechanic):
        link = accept(talk)["link"]
        customer.expect("event", kind="session.held")
        until(lambda: shop.sql("SELECT count(*) FROM scheduler_job WHERE kind = 'payment.collect'") == [(0,)])
        pay(link)  # after the last check, and no webhook reports it
        customer.expect("event", kind="session.ended")
    control(shop, "webhooks", paused=False)
    until(lambda: payment_state(talk) == ("released", 0))
    assert (events_of(shop, talk.id, "session.extended"), granted(talk)) == (0, 8)
