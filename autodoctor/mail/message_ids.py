"""The Message-ID of a mail of ours: it proves that a mail server's report is about a mail that we sent to this address.

Anybody can send a report to the mailbox that takes answers. Only who got the mail, or carried it, knows its id, and the
id of a mail to one address says nothing about another.
"""

import hashlib
import re
from collections.abc import Iterator
from email.message import EmailMessage, Message
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

LETTERS = 32  # of a name and of a seal: 128 bits each
_OURS = re.compile(rf"<([0-9a-f]{{{LETTERS}}})\.([0-9a-f]{{{LETTERS}}})@")
_HEADS = "text/rfc822-headers"  # what most mail servers quote of the mail that they report


def of_mail(key: str, address: str) -> str:
    """Return the id of a mail, the same for every attempt, so that receivers recognize a duplicate."""
    name = hashlib.sha256(key.encode()).hexdigest()[:LETTERS]
    return f"<{name}.{_seal(name, address)}@{urlsplit(settings.SITE_URL).hostname}>"


def is_about(report: EmailMessage, address: str) -> bool:
    """Return whether the report quotes a mail that we sent to this address."""
    return any(constant_time_compare(seal, _seal(name, address)) for name, seal in _quoted(report))


def _quoted(report: EmailMessage) -> Iterator[tuple[str, str]]:
    for part in report.walk():
        yield from _OURS.findall(_words(part) if part.get_content_type() == _HEADS else str(part.get("Message-ID", "")))


def _words(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("ascii", "replace") if isinstance(content, bytes) else ""


def _seal(name: str, address: str) -> str:
    known = f"{name}:{address.lower()}"
    return salted_hmac("autodoctor.mail.message_ids", known, algorithm="sha256").hexdigest()[:LETTERS]
