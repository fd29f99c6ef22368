"""What Stripe.js needs of the page that takes a card: its address, its hosts, and leave to ask a wallet.

Stripe's documented hosts (docs.stripe.com/security/guide, "Content security policy"), and no others: the Address
Element and its maps are not used, nor is Link.
"""

from csp.constants import SELF
from django.conf import settings

SCRIPT = "https://js.stripe.com/endive/stripe.js"  # of the release that `stripe.api_version` belongs to
HOSTS = {
    "script-src": ["https://js.stripe.com", "https://*.js.stripe.com"],
    "frame-src": [SELF, "https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}
WALLETS = 'payment=(self "https://js.stripe.com")'
SANDBOX = "/sandbox/stripe/stripe.js"  # the double, of our own origin


def is_on() -> bool:
    """Return whether cards are taken on our own pages: Stripe gave us a key that browsers may know."""
    return bool(settings.STRIPE_PUBLISHABLE_KEY)


def address() -> str:
    return SANDBOX if settings.PAYMENTS_SANDBOX else SCRIPT


def hosts() -> dict[str, list[str]]:
    """Return what the content security policy of such a page allows beyond that of all pages."""
    return {} if settings.PAYMENTS_SANDBOX else HOSTS
