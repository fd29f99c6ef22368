"""Addresses that our mails do not reach, as mail servers and services tell it."""

from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr

from django.dispatch import Signal

# Sent with `address`: a mail to it came back for good, or its owner complained.
address_failed = Signal()
# Sent with `address`: a mail to it has arrived.
address_reached = Signal()


def failed_addresses(message: EmailMessage) -> Iterator[str]:
    """Yield the addresses that a mail server's report says it will never reach."""
    if message.get_content_type() != "multipart/report":
        return
    for part in message.walk():
        is_final = str(part.get("Action", "")).strip().lower() == "failed"
        if is_final and str(part.get("Status", "")).strip().startswith("5"):
            recipient = str(part.get("Final-Recipient") or part.get("Original-Recipient") or "")
            yield parseaddr(recipient.rpartition(";")[2].strip())[1]
