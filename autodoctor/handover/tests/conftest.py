"""A running session of two people, its customer's laptop, and a phone."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from autodoctor.accounts.models import User
    from autodoctor.handover.tests.phones import Laptop, Phone
    from autodoctor.sessions.models import Session


@pytest.fixture
def session(customer: "User", mechanic: "User") -> "Session":
    from autodoctor.room.tests.live_session import live_session

    return live_session(customer, mechanic)


@pytest.fixture
def laptop(client_of: "Callable[[User], Client]", customer: "User", session: "Session") -> "Laptop":
    from autodoctor.handover.tests.phones import Laptop

    return Laptop(client_of(customer), session)


@pytest.fixture
def phone() -> "Phone":
    from autodoctor.handover.tests.phones import Phone

    return Phone()


@pytest.fixture
def connected(laptop: "Laptop", phone: "Phone") -> "Phone":
    """A phone that its person has let in."""
    phone.asks(laptop.makes_code())
    assert laptop.answers(allow=True).status_code == 204
    return phone
