"""A session whose money a bank of the test's own moves."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_django import Settings

    from autodoctor.accounts.models import User
    from autodoctor.receipts.tests.cashier import Cashier


@pytest.fixture
def cashier(customer: "User", mechanic: "User", settings: "Settings") -> "Cashier":
    from autodoctor.receipts.tests.cashier import Cashier

    settings.CLOCK_HANDLERS = "autodoctor.sessions.tests.story.HANDLERS"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    return Cashier(customer, mechanic)
