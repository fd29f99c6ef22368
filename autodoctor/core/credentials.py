"""What a browser shows to be recognized by: the cookie of a sign-in, that of a phone with one session, or both."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest

MOST_LENGTH = 100  # characters of both together


def phone_cookie() -> str:
    """Return the name of the phone's cookie. Behind TLS no other host can set it, like that of a sign-in."""
    return "__Host-phone" if settings.SESSION_COOKIE_SECURE else "phone"


def shown(cookies: Mapping[str, str]) -> str:
    """Return what the cookies show, in one word; empty for nothing, or for more than we give out."""
    key, token = cookies.get(settings.SESSION_COOKIE_NAME, ""), cookies.get(phone_cookie(), "")
    word = f"{key}:{token}" if token else key
    return word if len(word) <= MOST_LENGTH else ""


def session_key(word: str) -> str:
    """Return the key of the sign-in; empty if there is none."""
    return word.partition(":")[0]


def phone_token(word: str) -> str:
    """Return the phone's token; empty if there is none."""
    return word.partition(":")[2]


def is_phone(request: HttpRequest) -> bool:
    """Return whether a phone has sent this that was let into one session: it has no account of its own."""
    return request.user.is_authenticated and "handover" in vars(request)
