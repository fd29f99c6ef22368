"""A separate sandbox for a test, on a free port, with the pay page's buttons as methods.

from tests.kit.stripe_sandbox import stripe_sandbox  # noqa: F401, in a conftest.py
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
import uvicorn

from autodoctor.sandbox import API_KEY, WEBHOOK_SECRET
from autodoctor.sandbox.app import Sandbox
from autodoctor.sandbox.webhooks import body_of, sign
from tests.kit.waiting import PATIENCE, UNUSED, until


class RunningSandbox:
    """Started by `start`; `url` is the base address for the SDK. `through` may put something on the way to it.

    Without a `webhook_url` deliveries wait for `deliver_to`.
    """

    def __init__(
        self, path: Path, *, webhook_url: str = "", port: int = 0, through: Callable[[Any], Any] | None = None
    ) -> None:
        self.app = Sandbox(
            path, webhook_url=webhook_url, webhook_secret=WEBHOOK_SECRET, retry_seconds=(0.05, 0.1, 0.2, 0.4)
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                through(self.app) if through else self.app, port=port, log_level="warning", lifespan="on", ws="none"
            )
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> "RunningSandbox":
        self._thread.start()
        until(lambda: self._server.started)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        self.browser = httpx.Client(base_url=self.url, timeout=PATIENCE, limits=UNUSED)
        return self

    def stop(self) -> None:
        self.browser.close()
        self._server.should_exit = True
        self._thread.join(PATIENCE)

    # The customer

    def press(self, url: str, action: str, card: str = "pm_card_visa") -> httpx.Response:
        """A button of the pay page or the bank's page; the answer is the redirect it led to."""
        return self.browser.post(url, data={"action": action, "card": card})

    def pay(self, checkout_url: str, card: str = "pm_card_visa") -> httpx.Response:
        return self.press(checkout_url, "pay", card)

    def enter_card(self, client_secret: str, number: str = "4242424242424242", **extra: str) -> dict[str, Any]:
        """Confirm as the Payment Element does; returns the intent as a browser sees it, or the error."""
        form = card_form(client_secret, number) | extra
        address = f"/v1/payment_intents/{client_secret.partition('_secret_')[0]}/confirm"
        return dict(self.browser.post(address, data=form, headers={"Authorization": f"Bearer {BROWSER_KEY}"}).json())

    def authenticate(self, intent_id: str, *, approve: bool = True) -> httpx.Response:
        return self.press(f"{self.url}/authenticate/{intent_id}", "approve" if approve else "fail")

    def onboard(self, page_url: str, action: str = "finish") -> httpx.Response:
        """A button of the page on which a mechanic tells who they are."""
        return self.press(page_url, action)

    # The control

    def control(self, verb: str, **given: Any) -> Any:
        """Call a verb of `autodoctor.sandbox.control`, without HTTP: the sandbox is in this process."""
        return self.app.control.answer(verb, given)

    def deliver_to(self, url: str, secret: str = WEBHOOK_SECRET) -> None:
        self.control("webhooks", url=url, secret=secret)

    def advance(self, seconds: float) -> None:
        self.control("clock", advance_seconds=seconds)

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Oldest first; of these types, or all."""
        found = self.app.store.find("event")[::-1]
        return [event for event in found if not types or event["type"] in types]

    def signed(
        self, event: dict[str, Any], *, at: float | None = None, secret: str = WEBHOOK_SECRET
    ) -> tuple[str, str]:
        """Body and Stripe-Signature header of this event, for posting it by a test client."""
        body = body_of(event)
        return body, sign(body, secret, int(time.time() if at is None else at))


BROWSER_KEY = "pk_test_sandbox"


def card_form(client_secret: str, number: str = "4242424242424242") -> dict[str, str]:
    """Return what the Payment Element sends when a card is confirmed."""
    card = {"number": number, "exp_month": "12", "exp_year": "35", "cvc": "123"}
    form = {f"payment_method_data[card][{name}]": value for name, value in card.items()}
    return form | {"payment_method_data[type]": "card", "client_secret": client_secret, "use_stripe_sdk": "true"}


SHORT = 0.01  # seconds
_shared: list[RunningSandbox] = []


@pytest.fixture
def stripe_sandbox(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RunningSandbox]:
    """An empty one. One server serves all tests of a process; its webhooks wait for `deliver_to`."""
    if not _shared:
        _shared.append(RunningSandbox(tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3").start())
        request.config.add_cleanup(lambda: _shared.pop().stop())
    running = _shared[0]
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", SHORT)  # before the SDK asks again: half a second
    settings.STRIPE_API_BASE = running.url
    settings.STRIPE_SECRET_KEY = API_KEY
    settings.STRIPE_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    yield running
    running.control("reset")  # or its deliveries would be tried again and again beside all later tests
