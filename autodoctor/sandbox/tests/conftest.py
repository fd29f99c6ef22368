"""The real SDK speaks to a sandbox over HTTP; a receiver takes the webhooks."""

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import stripe

from autodoctor.sandbox import API_KEY, WEBHOOK_SECRET
from tests.kit import chromium
from tests.kit.stripe_sandbox import RunningSandbox, stripe_sandbox

__all__ = ["stripe_sandbox"]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return chromium.options()


@pytest.fixture
def client(stripe_sandbox: RunningSandbox) -> Any:
    """The SDK; untyped, since every answer may be expanded."""
    return client_of(stripe_sandbox)


def client_of(sandbox: RunningSandbox) -> stripe.StripeClient:
    return stripe.StripeClient(API_KEY, base_addresses={"api": sandbox.url}, max_network_retries=0)


OpenCheckout = Callable[..., Any]


@pytest.fixture
def open_checkout(client: Any) -> OpenCheckout:
    """A Checkout as the product opens it: one line, the amount only held."""

    def create(**changes: Any) -> Any:
        return client.v1.checkout.sessions.create(checkout_params(**changes))

    return create


def checkout_params(**changes: Any) -> Any:
    price = {"currency": "usd", "unit_amount": 2999, "product_data": {"name": "Standard Video"}}
    params: dict[str, Any] = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "line_items": [{"price_data": price, "quantity": 1}],
        "metadata": {"payment_id": "ours"},
        "payment_intent_data": {"capture_method": "manual", "metadata": {"payment_id": "ours"}},
        "success_url": "http://shop.test/back?checkout={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.test/left",
        "expires_at": int(time.time()) + 31 * 60,
    } | changes
    return {name: value for name, value in params.items() if value is not None}


class CrowdedServer(ThreadingHTTPServer):
    """Lets more connections wait than a test opens at once."""

    request_queue_size = 64


class Receiver:
    """Takes webhooks as the product would: verifies each by the SDK and answers `statuses` in turn, then 200."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.events.append(
                    stripe.Webhook.construct_event(body, self.headers["Stripe-Signature"], WEBHOOK_SECRET)
                )
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = CrowdedServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    taking = Receiver()
    yield taking
    taking.close()
