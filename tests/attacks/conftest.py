"""A Stripe sandbox per test, and fresh rate-limit counters."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests.kit.stripe_sandbox import stripe_sandbox

__all__ = ["stripe_sandbox"]


@pytest.fixture(autouse=True)
def _forget_tries() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()
