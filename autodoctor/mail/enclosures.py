"""The files of a mail that came in: what its sender put into it, without what programs add."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from typing import cast

DEEPEST = 20  # parts in parts; programs make three
FILES = frozenset({"image", "audio", "video", "application", "message"})
SIGNATURES = re.compile(r"application/(x-)?(pgp|pkcs7)-[a-z-]+")
DECORATION_BYTES = 8 * 1024  # of a picture inside the words: the logo of a signature. A camera's has more


@dataclass(frozen=True)
class Enclosure:
    """A file of a mail. It is decoded when it is read, so that one after the other is in memory."""

    name: str
    content_type: str
    part: Message

    @property
    def content(self) -> bytes | None:
        """Return the bytes; None for a mail in the mail."""
        decoded = self.part.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else None


def of(message: EmailMessage, quoted_html: str) -> Iterator[Enclosure]:
    """Yield the files in their order. `quoted_html`: the quotation in the page of the mail; its pictures were ours."""
    bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
    for part in _leaves(message, DEEPEST):
        if _is_file(part) and not any(part is body for body in bodies) and not _is_decoration(part, quoted_html):
            yield Enclosure(part.get_filename() or "", part.get_content_type(), part)


def _leaves(message: Message, deepest: int) -> Iterator[Message]:
    """Yield the parts that hold something. A mail in the mail is one of them."""
    if message.get_content_maintype() != "multipart" or not message.is_multipart():
        yield message
    elif deepest:
        for part in cast("list[Message]", message.get_payload()):
            yield from _leaves(part, deepest - 1)


def _is_file(part: Message) -> bool:
    if SIGNATURES.fullmatch(part.get_content_type()):
        return False
    named = part.get_content_disposition() == "attachment" or bool(part.get_filename())
    return named or part.get_content_maintype() in FILES


def _is_decoration(part: Message, quoted_html: str) -> bool:
    """Return whether a picture stands inside the words without being meant: a logo, or one of a quotation."""
    shown_as = str(part.get("Content-ID", "")).strip("<> \t\r\n")
    if part.get_content_disposition() == "attachment" or not shown_as or part.get_content_maintype() != "image":
        return False
    return f"cid:{shown_as}" in quoted_html or len(part.get_payload(decode=True) or b"") < DECORATION_BYTES
