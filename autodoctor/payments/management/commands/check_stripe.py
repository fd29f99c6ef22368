"""Check the account at Stripe before taking money."""

import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand

from autodoctor.payments import stripe_js
from autodoctor.payments.models import Payment
from autodoctor.payments.stripe.setup import Expected, problems


class Command(BaseCommand):
    help = (
        "Check keys, mode, scopes, webhook endpoints, Connect, cards, wallets, settlement currency and statement "
        "descriptor at Stripe, with the keys that are set. Changes nothing. Exit code 1 when something is wrong."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = [*_mode(), *problems(_expected())]
        for sentence in found:
            self.stdout.write(f"- {sentence}")
        if found:
            sys.exit(1)
        self.stdout.write(f"Stripe is set up for {'real' if settings.STRIPE_LIVEMODE else 'test'} payments.")


def _mode() -> list[str]:
    public = settings.SITE_URL.startswith("https://")
    if public and not settings.STRIPE_LIVEMODE:
        return ["These are test keys: nobody is charged on this site."]
    if not public and settings.STRIPE_LIVEMODE:
        return ["These are live keys, but SITE_URL is not a public https address."]
    return []


def _expected() -> Expected:
    return Expected(
        country=settings.STRIPE_COUNTRY,
        currency=Payment._meta.get_field("currency").get_default(),
        webhook_url=f"{settings.SITE_URL}/api/stripe/webhook",
        webhook_secrets=len(settings.STRIPE_WEBHOOK_SECRETS),
        wallet_domain=_wallet_domain(),
    )


def _wallet_domain() -> str:
    """Return the host of the room, where wallets can be asked: over https, if cards are entered there."""
    site = urlsplit(settings.SITE_URL)
    return site.hostname or "" if stripe_js.is_on() and site.scheme == "https" else ""
