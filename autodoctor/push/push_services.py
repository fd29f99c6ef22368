"""Which addresses push messages may go to.

The address comes from a client that claims to be a browser. Only the services in `settings.PUSH_SERVICES` are called,
so that nobody makes our server call an internal address or one of theirs.
"""

import re

from django.conf import settings

from autodoctor.push.models import ADDRESS_LENGTH

# Nothing between the host and the path: no user, no backslash, nothing that two parsers read in two ways.
_ADDRESS = re.compile(r"(?P<origin>https?://[a-z0-9.-]+(:[0-9]{1,5})?)/[A-Za-z0-9._~:/?=&%+,;@!$'()*-]+")


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
