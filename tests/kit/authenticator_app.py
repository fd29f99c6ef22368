"""The app on a person's phone that shows the codes of their second factor."""

import time

from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache


def code_of(secret: str) -> str:
    """Return the code that it shows now; taken for half a minute more. Each works once: forgets those used."""
    cache.clear()
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // app_settings.TOTP_PERIOD)))
