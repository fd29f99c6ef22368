"""Build one message from text, HTML, images and attachments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, SafeMIMEMultipart

from autodoctor.mail.rendering import Letter, one_line

Images = Mapping[str, tuple[str, bytes]]  # content id → content type and bytes


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    content: bytes


class Envelope(EmailMultiAlternatives):
    """Images belong to the HTML (multipart/related), attachments stand beside it (multipart/mixed)."""

    def _create_alternatives(self, msg: Any) -> Any:
        body = super()._create_alternatives(msg)  # type: ignore[misc]
        images = [part for part in self.attachments if isinstance(part, MIMEImage)]
        if not images:
            return body
        related = SafeMIMEMultipart(_subtype="related", encoding=settings.DEFAULT_CHARSET)
        for part in (body, *images):
            related.attach(part)
        return related

    def _create_attachments(self, msg: Any) -> Any:
        every, self.attachments = (
            self.attachments,
            [part for part in self.attachments if not isinstance(part, MIMEBase)],
        )
        try:
            return super()._create_attachments(msg)  # type: ignore[misc]
        finally:
            self.attachments = every


def envelope(
    letter: Letter, *, to: str, headers: dict[str, str], attachments: Sequence[Attachment], images: Images
) -> Envelope:
    """Build the message. `to` is an address without a name: a name would let a stranger write into somebody's inbox."""
    message = Envelope(letter.subject, letter.text, settings.DEFAULT_FROM_EMAIL, [to], headers=headers)
    message.attach_alternative(letter.html, "text/html")
    for cid, (content_type, content) in images.items():
        message.attach(_image(cid, content_type, content))
    for attachment in attachments:
        message.attach(_file_name(attachment.name), attachment.content, attachment.content_type)
    return message


def _file_name(name: str) -> str:
    return re.sub(r"[/\\]", "-", one_line(name))


def _image(cid: str, content_type: str, content: bytes) -> MIMEImage:
    part = MIMEImage(content, _subtype=content_type.partition("/")[2])
    part.add_header("Content-ID", f"<{cid}>")
    part.add_header("Content-Disposition", "inline", filename=f"{cid}.{part.get_content_subtype()}")
    return part
