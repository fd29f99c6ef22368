"""Kills before and after each call to Stripe: every call takes effect exactly once.

The sandbox is a separate server. Its books, not our ledger, decide what is right.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from autodoctor.sandbox import API_KEY, WEBHOOK_SECRET
from tests.faults.test_payments import is_idle
from tests.journeys import quietly
from tests.kit.scene import state_of
from tests.kit.server import Person, Server, running
from tests.kit.stripe_sandbox import RunningSandbox
from tests.kit.waiting import until

PRICE, MORE, BACK = 999, 1499, 400  # cents: the chat, fifteen minutes more, what support gives back
TESTS = 16
HELD = {"requires_capture", "succeeded"}
SUMMARY = {"findings": "A worn bearing", "steps": "Listened", "next_steps": "Replace it", "safe": "yes"}


class Line:
    """The connection to Stripe, an ASGI application that kills the caller at the next call of a kind."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._call, self._when = "", ""
        self._kill: Callable[[], None] = lambda: None
        self.keys: list[str] = []  # under which that call was made, each time

    def cut(self, call: str, when: str, kill: Callable[[], None]) -> None:
        self._call, self._when, self._kill, self.keys = call, when, kill, []

    def mend(self) -> None:
        self._when = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not re.fullmatch(self._call, f"{scope['method']} {scope['path']}"):
            await self._app(scope, receive, send)
            return
        self.keys.append(dict(scope["headers"])[b"idempotency-key"].decode())
        when, self._when = self._when, ""
        if when == "before":
            await asyncio.to_thread(self._kill)
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body"})
            return
        answer: list[Any] = []
        await self._app(scope, receive, _into(answer))
        if when == "after":
            await asyncio.to_thread(self._kill)
        for message in answer:
            await send(message)


def _into(answer: list[Any]) -> Any:
    async def keep(message: Any) -> None:
        answer.append(message)

    return keep


@dataclass
class Shop:
    """A server with an external sandbox, and the actions of two people."""

    server: Server
    sandbox: RunningSandbox
    line: Line
    customer: Person
    mechanic: Person

    def books(self) -> str:
        session_id, self.checkout = quietly.draft(self.server, self.customer, keep_card=True)
        return session_id

    def pays(self, session_id: str) -> None:
        self.sandbox.pay(self.checkout)
        until(lambda: state_of(self.server, UUID(session_id)) == "requested")

    def waits(self) -> str:
        """Create a request in the queue."""
        session_id = self.books()
        self.pays(session_id)
        return session_id

    def meets(self) -> str:
        """Create a running session."""
        session_id = self.waits()
        quietly.accept(self.server, self.mechanic, session_id)
        for person in (self.customer, self.mechanic):
            quietly.join(self.server, person, session_id)
        quietly.act(self.server, self.mechanic, session_id, "start")
        return session_id

    def is_charged(self) -> str:
        session_id = self.meets()
        self.ends(session_id)
        until(lambda: self.sum("payment_intent", "amount_received", session_id) == PRICE)
        until(lambda: is_idle(self.server))  # our ledger knows of it, too
        return session_id

    def is_payable(self) -> str:
        self.opens_an_account()
        return self.is_charged()

    def is_paid_out(self) -> str:
        session_id = self.is_payable()
        self.summarizes(session_id)
        until(lambda: bool(self.transfers(session_id)))
        until(lambda: is_idle(self.server))
        return session_id

    def extends(self, session_id: str) -> None:
        client, address = self.server.client(self.customer), f"/api/sessions/{session_id}/extensions"
        client.post(address, json={"option": client.get(address).json()["offers"][0]["option"]})

    def ends(self, session_id: str) -> None:
        quietly.act(self.server, self.customer, session_id, "end")

    def cancels(self, session_id: str) -> None:
        quietly.act(self.server, self.customer, session_id, "cancel")

    def summarizes(self, session_id: str) -> None:
        answer = self.server.client(self.mechanic).post(f"/api/sessions/{session_id}/summary", json=SUMMARY)
        assert answer.status_code == 201, answer.text

    def opens_an_account(self) -> None:
        client = self.server.client(self.mechanic)
        page = client.post("/dashboard/earnings/account/").headers["Location"]
        client.get(self.sandbox.onboard(page).headers["Location"])

    def gives_back(self, session_id: str) -> None:
        ((payment_id,),) = self.server.sql(
            "SELECT id FROM payments_payment WHERE intent_id = %s", self.of("payment_intent", session_id)[0]["id"]
        )
        form = {
            "payment": str(UUID(payment_id)),
            "amount": "4.00",
            "borne_by": "mechanic",
            "reason": "It froze",
            "sure": "on",
        }
        desk = self.server.client(self.server.sign_in("support@example.com"))
        answer = desk.post(f"/support/sessions/{session_id}/refund/", data=form | {"token": str(uuid4())})
        assert answer.is_redirect, answer.text

    # Stripe's books

    def of(self, kind: str, session_id: str) -> list[dict[str, Any]]:
        return [one for one in self.sandbox.app.store.find(kind) if one["metadata"].get("owner_id") == session_id]

    def sum(self, kind: str, amount: str, session_id: str) -> int:
        return sum(one[amount] for one in self.of(kind, session_id))

    def transfers(self, session_id: str) -> list[dict[str, Any]]:
        charges = {intent["latest_charge"] for intent in self.of("payment_intent", session_id)}
        return [one for one in self.sandbox.app.store.find("transfer") if one["source_transaction"] in charges]

    def totals(self, session_id: str) -> dict[str, int]:
        """Return in cents: held or charged, charged, refunded, sent, taken back."""
        intents = self.of("payment_intent", session_id)
        ids, transfers = {intent["id"] for intent in intents}, self.transfers(session_id)
        refunds = [one for one in self.sandbox.app.store.find("refund") if one["payment_intent"] in ids]
        return {
            "held": sum(
                intent["amount"] for intent in intents if intent["status"] in {"requires_capture", "succeeded"}
            ),
            "charged": sum(intent["amount_received"] for intent in intents),
            "given_back": sum(refund["amount"] for refund in refunds),
            "sent": sum(one["amount"] for one in transfers),
            "taken_back": sum(one["amount_reversed"] for one in transfers),
        }


@dataclass(frozen=True)
class Case:
    """A call to Stripe: the action that causes it, and the books expected afterwards."""

    call: str
    begin: Callable[[Shop], str]
    do: Callable[[Shop, str], None]
    held: int = 0
    charged: int = 0
    given_back: int = 0
    sent: int = 0
    taken_back: int = 0


SHARE, LESS = PRICE * 70 // 100, (PRICE - BACK) * 70 // 100
CASES = {
    "extension": Case(r"POST /v1/payment_intents", Shop.meets, Shop.extends, held=PRICE + MORE),
    "capture": Case(r"POST /v1/payment_intents/\w+/capture", Shop.meets, Shop.ends, held=PRICE, charged=PRICE),
    "release": Case(r"POST /v1/payment_intents/\w+/cancel", Shop.waits, Shop.cancels),
    "refund": Case(r"POST /v1/refunds", Shop.is_charged, Shop.gives_back, held=PRICE, charged=PRICE, given_back=BACK),
    "transfer": Case(r"POST /v1/transfers", Shop.is_payable, Shop.summarizes, held=PRICE, charged=PRICE, sent=SHARE),
    "reversal": Case(
        r"POST /v1/transfers/\w+/reversals",
        Shop.is_paid_out,
        Shop.gives_back,
        held=PRICE,
        charged=PRICE,
        given_back=BACK,
        sent=SHARE,
        taken_back=SHARE - LESS,
    ),
}


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Shop]]:
    """Run one server and one sandbox for all tests; each test uses two people of its own."""
    lines: list[Line] = []

    def through(app: Any) -> Line:
        lines.append(Line(app))
        return lines[0]

    sandbox = RunningSandbox(tmp_path_factory.mktemp("stripe") / "sandbox.sqlite3", through=through).start()
    environment = {
        "STRIPE_API_BASE": sandbox.url,
        "STRIPE_SECRET_KEY": API_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    with running(deadlines={"earning_wait": 0.1}, environment=environment) as server:
        sandbox.deliver_to(f"{server.url}/api/stripe/webhook")
        pairs = zip(server.enroll(TESTS, "payer-"), server.enroll(TESTS, "fixer-", mechanics=True), strict=True)
        yield (Shop(server, sandbox, lines[0], customer, mechanic) for customer, mechanic in pairs)
    sandbox.stop()


@pytest.fixture
def shop(shops: Iterator[Shop]) -> Iterator[Shop]:
    """A running server with a working connection."""
    shop = next(shops)
    yield shop
    shop.line.mend()
    if not shop.server.is_running():
        shop.server.start()


def killed_at(shop: Shop, call: str, when: str, do: Callable[[], object]) -> None:
    """Do the action; the server is killed at this call and restarted."""
    shop.line.cut(call, when, shop.server.kill)
    with suppress(httpx.HTTPError):
        do()
    until(lambda: not shop.server.is_running())
    shop.server.start()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_server_killed_around_a_call_to_stripe_moves_money_once(shop: Shop, case: Case, when: str) -> None:
    session_id = case.begin(shop)
    killed_at(shop, case.call, when, lambda: case.do(shop, session_id))
    expected = {name: getattr(case, name) for name in ("held", "charged", "given_back", "sent", "taken_back")}
    until(lambda: shop.totals(session_id) == expected)
    until(lambda: is_idle(shop.server))
    assert shop.totals(session_id) == expected
    assert len(set(shop.line.keys)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", [r"POST /v1/customers", r"POST /v1/checkout/sessions"], ids=["customer", "checkout"])
def test_a_draft_is_paid_once_after_a_kill_on_the_way_to_checkout(shop: Shop, call: str, when: str) -> None:
    """The draft waits on the dashboard; paying it there creates nothing twice."""
    killed_at(shop, call, when, shop.books)
    (draft,) = shop.server.client(shop.customer).get("/api/sessions").json()
    answer = shop.server.client(shop.customer).post(f"/sessions/{draft['id']}/checkout/")
    shop.checkout = answer.headers["Location"]
    shop.pays(draft["id"])
    open_ = [one for one in shop.of("checkout.session", draft["id"]) if one["status"] != "expired"]
    assert len(open_) == 1
    assert shop.totals(draft["id"])["held"] == PRICE
    mine = [one for one in shop.sandbox.app.store.find("customer") if one["metadata"]["user_id"] == shop.customer.id]
    assert len(mine) == 1
    assert len(set(shop.line.keys)) == 1
