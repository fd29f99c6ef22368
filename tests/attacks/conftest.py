"""A Stripe sandbox per test."""

from tests.kit.stripe_sandbox import stripe_sandbox

__all__ = ["stripe_sandbox"]
