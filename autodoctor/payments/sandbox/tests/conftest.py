"""The real SDK, speaking to a sandbox over HTTP."""

import pytest
import stripe

from autodoctor.payments.sandbox import API_KEY
from autodoctor.payments.sandbox.testing import RunningSandbox, stripe_sandbox

__all__ = ["stripe_sandbox"]


@pytest.fixture
def client(stripe_sandbox: RunningSandbox) -> stripe.StripeClient:
    return stripe.StripeClient(API_KEY, base_addresses={"api": stripe_sandbox.url}, max_network_retries=0)
