"""The demo's outbox: files in the data directory instead of a server, newest first."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

NAME = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Attached:
    """One attachment of a stored mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class KeptMail:
    """One mail in the outbox. Its `html` has the images inline."""

    name: str
    subject: str
    to: str
    sent_at: datetime
    text: str
    html: str
    attachments: list[Attached]

    @property
    def words(self) -> str:
        """Return the beginning of the text."""
        return " ".join(self.text.split())


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[mail.EmailMessage]) -> int:
        folder().mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            _keep(message.message().as_bytes())
        return len(email_messages)


def folder() -> Path:
    return settings.DATA / "outbox"


def names() -> list[str]:
    """Return the names of all mails, the newest first."""
    return sorted((path.stem for path in folder().glob("*.eml") if NAME.fullmatch(path.stem)), reverse=True)


def read(name: str) -> KeptMail:
    """Read a mail. Raises `FileNotFoundError` for anything but a stored mail's name."""
    if not NAME.fullmatch(name):
        raise FileNotFoundError(name)
    message = message_from_bytes((folder() / f"{name}.eml").read_bytes(), policy=policy.default)
    return KeptMail(
        name=name,
        subject=str(message["Subject"]),
        to=str(message["To"]),
        sent_at=parsedate_to_datetime(str(message["Date"])).replace(tzinfo=UTC),  # Django writes it without a zone
        text=_body(message, "plain"),
        html=_with_images(_body(message, "html"), message),
        attachments=[_attached(part) for part in message.walk() if part.is_attachment()],
    )


def _body(message: EmailMessage, kind: Literal["plain", "html"]) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body else ""


def _attached(part: EmailMessage) -> Attached:
    return Attached(part.get_filename() or "", part.get_content_type(), _content(part))


def _content(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _with_images(html: str, message: EmailMessage) -> str:
    for part in message.walk():
        if cid := str(part["Content-ID"] or "").strip("<>"):
            content = b64encode(_content(part)).decode()
            html = html.replace(f'"cid:{cid}"', f'"data:{part.get_content_type()};base64,{content}"')
    return html


def _keep(content: bytes) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    path = folder() / f"{stamp}-{hashlib.sha256(content).hexdigest()[:8]}.eml"
    # Renamed when it is whole: the page never reads half a mail.
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(content)
    unfinished.rename(path)
