"""The address that an answer to one of our mails goes to: it names what the mail is about and proves who got it.

A mail is about a session or a conversation (`subject_id`); its reader is a person, by id, or an address
without an account.

`INBOUND_ADDRESS` is a mailbox of ours; the token stands behind its plus sign. Without it mails have no Reply-To.
"""

import base64
import binascii
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

SEAL_BYTES = 10
TOKEN_LETTERS = 42  # a subject's id and the seal in base32, which survives a change of case


def address_for(subject_id: UUID | None, reader: UUID | str) -> str:
    """Return the Reply-To of a mail about this subject to this reader; empty where answers are not taken."""
    if not settings.INBOUND_ADDRESS or subject_id is None:
        return ""
    name, _at, domain = settings.INBOUND_ADDRESS.partition("@")
    return f"{name}+{_token_of(subject_id, reader)}@{domain}"


def token_in(address: str) -> str:
    """Return the token of an address of ours; empty for any other."""
    name, _at, domain = settings.INBOUND_ADDRESS.lower().partition("@")
    local, _at, at = address.lower().rpartition("@")
    before, _plus, token = local.partition("+")
    return token if name and (before, at, len(token)) == (name, domain, TOKEN_LETTERS) else ""


def subject_in(token: str) -> UUID | None:
    """Return the session or conversation that a token names; who answers is checked by `was_sent_to`."""
    try:
        return UUID(bytes=base64.b32decode(token.upper() + "=" * (-len(token) % 8))[:-SEAL_BYTES])
    except (binascii.Error, ValueError):
        return None


def was_sent_to(token: str, subject_id: UUID, reader: UUID | str) -> bool:
    """Return whether this reader got the mail with this token."""
    return constant_time_compare(token, _token_of(subject_id, reader))


def _token_of(subject_id: UUID, reader: UUID | str) -> str:
    return base64.b32encode(subject_id.bytes + _seal(subject_id, reader)).decode().rstrip("=").lower()


def _seal(subject_id: UUID, reader: UUID | str) -> bytes:
    return salted_hmac("autodoctor.mail.replies", f"{subject_id}:{reader}", algorithm="sha256").digest()[:SEAL_BYTES]
