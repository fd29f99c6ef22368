"""The allowed addresses of push services.

The address comes from a client that claims to be a browser. The server calls only `settings.PUSH_SERVICES`, so that a
client cannot make it call internal or other addresses.
"""

import re

from django.conf import settings

from autodoctor.push.models import ADDRESS_LENGTH

# Host and path only: no user, no backslash, and nothing that two parsers could read differently.
_ADDRESS = re.compile(
    r"(?P<origin>https?://([a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}(:[0-9]{1,5})?)/[A-Za-z0-9._~:/?=&%+,;@!$'()*-]+"
)


def is_known(endpoint: str) -> bool:
    """Return whether this is an address at a known service."""
    found = _ADDRESS.fullmatch(endpoint)
    return (
        found is not None
        and len(endpoint) <= ADDRESS_LENGTH
        and any(_matches(found["origin"], service) for service in settings.PUSH_SERVICES)
    )


def _matches(origin: str, service: str) -> bool:
    """`https://*.example.com` matches every subdomain."""
    scheme, star, domain = service.partition("*.")
    if not star:
        return origin == service
    return origin.startswith(scheme) and origin.removeprefix(scheme).endswith(f".{domain}")
