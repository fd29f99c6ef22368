"""The sandbox, a booking to pay, and the resulting facts."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from pytest_django import Settings

from tests.kit.stripe_sandbox import RunningSandbox, stripe_sandbox

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.payments.models import Payment, StripeCustomer
    from autodoctor.payments.tests.stand import Behave, Book, Consequences, Crashes

__all__ = ["stripe_sandbox"]


# A test opens more connections at once than Django lets wait.
ThreadedWSGIServer.request_queue_size = 64


@pytest.fixture(autouse=True)
def consequences(settings: Settings) -> "Consequences":
    from autodoctor.payments.tests import facts
    from autodoctor.payments.tests.stand import Consequences

    settings.CLOCK_HANDLERS = "autodoctor.payments.tests.facts.HANDLERS"
    facts.seen.clear()
    return Consequences()


@pytest.fixture
def now() -> datetime:
    from django.utils import timezone

    return timezone.now()


@pytest.fixture
def book(customer: "User", now: datetime) -> "Book":
    from autodoctor.payments import ledger
    from autodoctor.payments.tests.stand import PRICE_CENTS

    def open_booking(**changes: Any) -> "Payment":
        given: dict[str, Any] = {
            "owner_id": uuid4(),
            "payer": customer,
            "amount_cents": PRICE_CENTS,
            "currency": "usd",
            "seconds": 2700,
            "description": "Standard Video",
            "keep_card": False,
            "now": now,
        }
        return ledger.open_booking(**given | changes)

    return open_booking


@pytest.fixture
def payment(book: "Book") -> "Payment":
    return book()


@pytest.fixture
def crashes(monkeypatch: pytest.MonkeyPatch) -> "Crashes":
    from autodoctor.payments.tests.stand import Crashes

    return Crashes(monkeypatch)


@pytest.fixture
def held(payment: "Payment", stripe_sandbox: RunningSandbox, now: datetime) -> "Payment":
    """A booking with a hold on a card."""
    from autodoctor.payments.tests.stand import pay

    return pay(payment, stripe_sandbox, now)


@pytest.fixture
def kept(book: "Book", customer: "User", stripe_sandbox: RunningSandbox, now: datetime) -> "StripeCustomer":
    """The card saved with the booking."""
    from autodoctor.payments.models import StripeCustomer
    from autodoctor.payments.tests.stand import pay

    pay(book(keep_card=True), stripe_sandbox, now)
    return StripeCustomer.objects.get(user=customer)


@pytest.fixture
def behave(kept: "StripeCustomer", stripe_sandbox: RunningSandbox) -> "Behave":
    """Return a function that sets the behavior of the saved card's bank."""
    return lambda card: stripe_sandbox.control("cards", customer=kept.stripe_id, behaves_as=card)


@pytest.fixture
def extension(customer: "User", now: datetime, consequences: "Consequences") -> "Payment":
    """An unpaid extension of fifteen minutes."""
    from autodoctor.payments.tests.stand import open_extension

    return open_extension(customer, now)
