"""Addresses that our mails do not reach, as mail servers and services tell it."""

from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.utils import parseaddr

from django.dispatch import Signal

from autodoctor.mail import message_ids

# Sent with `address`: a mail to it came back for good, or its owner complained.
address_failed = Signal()
# Sent with `address`: a mail to it has arrived.
address_reached = Signal()


def failed_addresses(message: EmailMessage) -> Iterator[str]:
    """Yield the addresses that a mail server's report says it will never reach, if it quotes a mail of ours to them."""
    if message.get_content_type() != "multipart/report":
        return
    for part in message.walk():
        is_final = str(part.get("Action", "")).strip().lower() == "failed"
        if is_final and str(part.get("Status", "")).strip().startswith("5"):
            yield from (address for address in _recipients(part) if message_ids.is_about(message, address))


def _recipients(part: Message) -> set[str]:
    """Return whom the mail was sent to, and where it was led on to."""
    heads = [str(part.get(name, "")) for name in ("Final-Recipient", "Original-Recipient")]
    return {parseaddr(head.rpartition(";")[2].strip())[1].lower() for head in heads}
