"""Encryption of secrets that the database keeps: Fernet, by the first of `ENCRYPTION_KEYS`; the others only read."""

import hmac
from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """No key of `ENCRYPTION_KEYS` opens this text. Templates show nothing in its place."""

    silent_variable_failure = True


def new_key() -> str:
    return Fernet.generate_key().decode()


def key_from(secret: str) -> str:
    """Return the key that belongs to a long secret, for who gives no key of its own."""
    return urlsafe_b64encode(hmac.digest(secret.encode(), b"encryption", "sha256")).decode()


def is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def encrypt(text: str) -> str:
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the text. Raises `Unreadable` if no key opens it."""
    try:
        return _fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def renewed(encrypted: str) -> str:
    """Return the same text by the first key. Raises `Unreadable` if no key opens it."""
    return encrypt(decrypt(encrypted))


@cache
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
