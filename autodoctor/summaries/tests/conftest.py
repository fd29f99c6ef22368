"""A completed session, and a summary by its mechanic."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from autodoctor.accounts.models import User
    from autodoctor.summaries.tests.desk import Desk


@pytest.fixture
def desk(customer: "User", mechanic: "User") -> "Desk":
    from autodoctor.summaries.tests.desk import Desk

    return Desk(customer, mechanic)
