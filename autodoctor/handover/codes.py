"""The six characters of a handover: easy to read out, hard to take for others, and stored as a keyed hash only."""

import secrets

from django.conf import settings
from django.utils.crypto import salted_hmac

from autodoctor.accounts.models import User

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0 and O, 1, I and L
LENGTH = 6
_BETWEEN = str.maketrans("", "", " -\u2013\u00a0")  # how people group what they type


def new() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normal(typed: str) -> str:
    """Return the code in what somebody typed; empty if it cannot be one."""
    code = typed[: 4 * LENGTH].translate(_BETWEEN).upper()
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def hash_of(secret: str) -> str:
    """Return what is stored of a code or a token. Without our key nobody finds the code to a hash by trying all."""
    return salted_hmac("autodoctor.handover", secret, secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()


def access_of(user: User) -> str:
    """Return what changes with a new password and with every "sign out everywhere"."""
    return hash_of(user.get_session_auth_hash())
