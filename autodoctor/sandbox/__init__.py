"""A small double of Stripe for development and tests, spoken to by the real `stripe` SDK over HTTP.

Within the development server: `application` is mounted at `/sandbox/stripe` (plain ASGI; `start()` in the lifespan
lets deliveries that an earlier process left undone go on at once, else the first request does). Alone, with pages at
SITE_URL and webhooks going to PORT:

    DEBUG=1 SITE_URL=http://localhost:8300 PORT=8000 uvicorn autodoctor.sandbox:application --port 8300

In tests: the fixture `stripe_sandbox` of `tests.kit.stripe_sandbox`. Then

    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": "http://127.0.0.1:8000/sandbox/stripe"})
    session = client.v1.checkout.sessions.create({...})     # session.url is the pay page
    client.v1.payment_intents.capture(session.payment_intent, {"amount_to_capture": 1500})

A person sees objects and deliveries at the root page; what only tests may do is listed in `control.py`, and what
differs between platforms in `switches.py`.

It speaks API version 2026-10-28.endive, the one of SDK 16.1, with what is easily forgotten about it:

* `payment_method_types` is refused (since 2026-09-30): send `allowed_payment_method_types`.
* A Checkout's `payment_intent` is null until the customer first tries to pay, and a held (manual capture) Checkout
  completes with `payment_status` "unpaid": look at the PaymentIntent.
* A partial capture or a cancelled hold makes no Refund, and leaves `amount_refunded` alone (since 2025-03-31).
* Nothing below 50 cents can be charged, so a smaller share of a hold cannot be captured either.
* A Charge does not carry its dispute, only `disputed`: list disputes by `payment_intent`.
* `expires_at` must be 30 minutes to 24 hours away when the request arrives, so ask for a little more than 30.
* An outcome under an idempotency key is final for 24 hours, a refusal and a 500 too; only malformed requests may be
  mended.
* A transfer out of a charge is refused beyond what is left of it, and to an account whose `transfers` are not active.
* An account with `transfers` but without `card_payments` needs an approval, or the recipient agreement abroad.
* An account link opens once; `account.updated` comes from an endpoint for connected accounts, with a secret of its own.
* The PaymentIntent of an open Checkout cannot be cancelled or confirmed: expire the Checkout.
* A publishable key opens one PaymentIntent, with its client secret, and nothing else (`browser.py`). `stripe.js` is a
  double of Stripe.js, with a Payment Element that takes Stripe's test numbers (`cards.NUMBERS`).
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import TYPE_CHECKING, Any

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from autodoctor.sandbox.app import Sandbox

WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105
API_KEY = "sk_test_sandbox"

if not settings.PAYMENTS_SANDBOX:
    raise ImproperlyConfigured(
        "The payment sandbox takes no real money: it runs only with DEBUG on and without Stripe's keys."
    )


@cache
def sandbox() -> "Sandbox":
    """Return this process's sandbox, as the settings describe it."""
    from autodoctor.sandbox.app import MOUNT, Sandbox

    if not apps.ready:  # served alone: translations want the apps
        django.setup()
    secrets = settings.STRIPE_WEBHOOK_SECRETS or [WEBHOOK_SECRET]
    return Sandbox(
        settings.DATA / "sandbox.sqlite3",
        webhook_url=f"http://127.0.0.1:{settings.PORT}/api/stripe/webhook",
        webhook_secret=secrets[0],
        public_url=settings.SITE_URL + MOUNT,
    )


def start() -> None:
    sandbox().start()


def stop() -> None:
    if sandbox.cache_info().currsize:
        sandbox().stop()
        sandbox.cache_clear()


async def application(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    await sandbox()(scope, receive, send)
