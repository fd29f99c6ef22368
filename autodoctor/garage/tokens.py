"""The secret part of a link's address: random, and signed, so that a guess is refused without a look into the database.

Only its hash is stored: whoever reads the table can open no page.
"""

import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

RANDOM_BYTES, SEAL_BYTES = 18, 15  # in base64 without a rest
RANDOM_LENGTH, LENGTH = 24, 44  # characters


def new() -> str:
    random = secrets.token_urlsafe(RANDOM_BYTES)
    return random + _seal(random)


def is_genuine(token: str) -> bool:
    """Return whether we made this token. It may have ended all the same."""
    if len(token) != LENGTH or not token.isascii():
        return False
    return constant_time_compare(_seal(token[:RANDOM_LENGTH]), token[RANDOM_LENGTH:])


def hash_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _seal(random: str) -> str:
    digest = salted_hmac("autodoctor.garage.link", random, secret=settings.SECRET_KEY, algorithm="sha256").digest()
    return urlsafe_b64encode(digest[:SEAL_BYTES]).decode()
