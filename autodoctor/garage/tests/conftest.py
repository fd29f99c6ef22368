"""A car with a session that is over, and its mechanic's desk."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.booking.models import Vehicle
    from autodoctor.summaries.tests.desk import Desk


@pytest.fixture
def truck(customer: "User") -> "Vehicle":
    from autodoctor.garage.tests.stories import add_car

    return add_car(customer)


@pytest.fixture
def desk(truck: "Vehicle", mechanic: "User") -> "Desk":
    """A session about the truck; its summary is not written yet."""
    from autodoctor.garage.tests.stories import session_about

    return session_about(truck, mechanic)


@pytest.fixture
def another(truck: "Vehicle", mechanic: "User") -> "Callable[..., Desk]":
    from autodoctor.garage.tests.stories import session_about

    def make(car: "Vehicle | None" = None, **changes: Any) -> "Desk":
        return session_about(car or truck, mechanic, **changes)

    return make
