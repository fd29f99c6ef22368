"""A filled-in intake, and the sandbox to pay at."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from autodoctor.booking.tests.intakes import intake_body
from tests.kit.stripe_sandbox import RunningSandbox, stripe_sandbox

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.booking.actions import Intake
    from autodoctor.booking.models import Vehicle

__all__ = ["stripe_sandbox"]


@pytest.fixture
def now() -> datetime:
    from django.utils import timezone

    return timezone.now()


@pytest.fixture
def filled_in() -> dict[str, str]:
    """Return a completed intake as the page sends it."""
    return {
        "safe": "yes",
        "plan": "chat",
        "vehicle": "new",
        "vin": "",
        "year": "2013",
        "make": "Ford",
        "model": "F-150",
        "mileage": "84,000",
        "concern": "It clicks and does not start.\r\nThe dash lights go dim.",
        "waiver": "on",
        "token": str(uuid4()),
    }


@pytest.fixture
def vehicle(customer: "User", now: datetime) -> "Vehicle":
    """Return a vehicle that an earlier booking has saved."""
    from autodoctor.booking.models import Vehicle

    return Vehicle.objects.create(
        owner=customer, year=2009, make="Volkswagen", model="Golf", mileage=90_000, used_at=now
    )


@pytest.fixture
def payments_down(stripe_sandbox: RunningSandbox, settings: Settings) -> None:
    """Point Stripe's address at a port without a server."""
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"


@pytest.fixture
def intake(db: None) -> "Callable[..., Intake]":
    from autodoctor.booking.actions import Intake
    from autodoctor.booking.models import Plan, Vehicle

    # The migration makes this row; a test that commits empties the tables for those after it.
    quick_chat = {"kind": "chat", "duration": timedelta(minutes=30), "price_cents": 999}
    plan, _created = Plan.objects.get_or_create(slug="chat", defaults=quick_chat)

    def make(**changes: Any) -> "Intake":
        given: dict[str, Any] = {
            "plan": plan,
            "vehicle": Vehicle(year=2013, make="Ford", model="F-150", mileage=84_000),
            "concern": "It clicks and does not start.",
            "keep_card": False,
            "token": uuid4(),
        }
        return Intake(**given | changes)

    return make


@pytest.fixture
def body() -> dict[str, Any]:
    """Return an intake for the API."""
    return intake_body()
