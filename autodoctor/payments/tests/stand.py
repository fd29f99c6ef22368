"""Shared by the payment tests: a booking to pay, Stripe's answers, and the resulting facts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import checkout, ledger, saved_card, stripe
from autodoctor.payments.attempts import NotPayable
from autodoctor.payments.models import Payment
from autodoctor.payments.stripe import DisputeSnapshot, PaymentSnapshot
from autodoctor.payments.tests import facts
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox

PRICE_CENTS = 2999
EXTENSION_CENTS = 1499
PAGES = {"success_url": "http://localhost:8000/paid/", "cancel_url": "http://localhost:8000/left/"}
LATER = timedelta(hours=2)  # beyond every pause of a few failed attempts
Book = Callable[..., Payment]
Behave = Callable[[str], Any]


@dataclass(frozen=True)
class Consequences:
    """Runs due jobs and records the facts for higher capabilities."""

    def kinds(self) -> list[str]:
        run_due(timezone.now())
        return sorted(kind for kind, _payload in facts.seen)

    def payloads(self) -> list[dict[str, str]]:
        run_due(timezone.now())
        return [payload for _kind, payload in facts.seen]


class Crash(Exception):
    """The process dies here."""


class Crashes:
    """Let the process die at a call to Stripe, before or after it, and record the keys."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.keys: list[str] = []
        self.happened = 0

    def once(self, call: str, moment: str) -> None:
        real = getattr(stripe, call)

        @wraps(real)
        def dying(*args: Any, **given: Any) -> Any:
            self.keys += [given["key"]] if "key" in given else []
            first, self.happened = not self.happened, self.happened + 1
            if first and moment == "before":
                raise Crash
            answer = real(*args, **given)
            if first and moment == "after":
                raise Crash
            return answer

        self._monkeypatch.setattr(stripe, call, dying)


def surviving(act: Callable[[], Any]) -> Any:
    """Run an action, and again if the process died."""
    try:
        return act()
    except Crash:
        return act()


def run_all() -> None:
    """Run due jobs, and retry failed ones."""
    run_due(timezone.now())
    run_due(timezone.now() + LATER)


def open_page(payment: Payment, now: datetime) -> Payment:
    return checkout.open_checkout(payment=payment, now=now, **PAGES)


def pay(payment: Payment, sandbox: RunningSandbox, now: datetime, card: str = "pm_card_visa") -> Payment:
    """Open the page, pay, and come back."""
    sandbox.pay(open_page(payment, now).checkout_url, card)
    return checkout.refresh(payment=payment, now=now)


def scheduled() -> set[str]:
    return set(Job.objects.values_list("kind", flat=True))


def as_stripe_has_it(payment: Payment, status: str, **changes: Any) -> PaymentSnapshot:
    """A snapshot that agrees with our row, except for `changes`."""
    held, charged = status == "requires_capture", status == "succeeded"
    given: dict[str, Any] = {
        "intent_id": "pi_1",
        "status": status,
        "amount_cents": payment.amount_cents,
        "currency": payment.currency,
        "livemode": False,
        "payment_id": str(payment.id),
        "owner_id": str(payment.owner_id),
        "customer_id": "",
        "payment_method_id": "pm_1" if held or charged else "",
        "capturable_cents": payment.amount_cents if held else 0,
        "received_cents": payment.amount_cents if charged else 0,
        "charge_id": "ch_1",
        "was_held": held or charged,
        "card_brand": "visa",
        "card_last4": "4242",
        "decline_code": "",
        "confirm_url": "",
        "disputed": False,
        "refunds": (),
    }
    return PaymentSnapshot(**given | changes)


def as_disputed(
    dispute_id: str = "du_1", *, status: str = "needs_response", amount_cents: int = 1000
) -> DisputeSnapshot:
    opened_at = timezone.now()
    return DisputeSnapshot(
        dispute_id, amount_cents, "usd", "fraudulent", status, opened_at + timedelta(days=7), opened_at
    )


def open_extension(customer: User, now: datetime, **changes: Any) -> Payment:
    given: dict[str, Any] = {
        "owner_id": uuid4(),
        "payer": customer,
        "amount_cents": EXTENSION_CENTS,
        "currency": "usd",
        "seconds": 900,
        "description": "+15 minutes",
        "keep_card": True,
        "return_url": "http://localhost:8000/sessions/x/extension/",
        "now": now,
    }
    return ledger.open_extension(**given | changes)


def collected(payment: Payment, now: datetime) -> Payment:
    """Return the payment after another try."""
    try:
        return saved_card.collect(payment=payment, now=now)
    except NotPayable as over:
        return over.payment


def attempts(sandbox: RunningSandbox, payment: Payment) -> list[dict[str, Any]]:
    intents = sandbox.app.store.find("payment_intent")
    return [intent for intent in intents if intent["metadata"].get("payment_id") == str(payment.id)]


def live(sandbox: RunningSandbox, payment: Payment) -> list[str]:
    """Return the intents that hold money, or still can."""
    pages = [page for page in sandbox.app.store.find("checkout.session") if page["status"] == "open"]
    open_pages = ["page" for page in pages if page["metadata"]["payment_id"] == str(payment.id)]
    dead = ("canceled", "requires_payment_method")
    return open_pages + [one["status"] for one in attempts(sandbox, payment) if one["status"] not in dead]
