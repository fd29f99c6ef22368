"""Stripe.js belongs to the release of the SDK: what one makes the other understands."""

import stripe
from pytest_django import Settings

from autodoctor.payments import stripe_js


def test_the_script_is_of_the_release_that_the_sdk_speaks() -> None:
    _date, _, release = stripe.api_version.partition(".")
    assert f"https://js.stripe.com/{release}/stripe.js" == stripe_js.SCRIPT


def test_the_double_stands_in_for_it_without_stripes_keys(settings: Settings) -> None:
    settings.PAYMENTS_SANDBOX = True
    assert (stripe_js.address(), stripe_js.hosts()) == ("/sandbox/stripe/stripe.js", {})
    settings.PAYMENTS_SANDBOX = False
    assert (stripe_js.address(), stripe_js.hosts()) == (stripe_js.SCRIPT, stripe_js.HOSTS)


def test_without_a_key_no_card_is_taken_here(settings: Settings) -> None:
    settings.STRIPE_PUBLISHABLE_KEY = ""
    assert not stripe_js.is_on()
