"""Read a mail that came in: who answers which of our mails, in which words of their own."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr

from django.utils.html import strip_tags

from autodoctor.mail import replies

RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
ROBOTS = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)@", re.IGNORECASE)
# Where what others wrote begins: the line above a quotation, in the languages of the usual programs, or a head.
_QUOTES = re.compile(
    r"^(On|Am|Le|El|Il|Op|Em|W dniu)\b.{0,200}?"
    r"(wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|napisał).{0,200}?:\s*$"
    r"|^-{2,} ?[^\n]{0,40}(Original|Ursprüngliche|Forwarded|Weitergeleitete)[^\n]{0,40}-{2,}\s*$"
    r"|^(From|Von|De|Da|Van): [^\n]+\n(Sent|Date|Gesendet|Datum|Envoyé|Enviado|Inviato|Verzonden)\b[^\n]*:"
    r"|^_{10,}\s*$"
    r"|^-- $"
    r"|^>",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Reply:
    """An answer. `tokens` are those of the addresses it went to; `files` counts its attachments."""

    tokens: tuple[str, ...]
    sender: str
    text: str
    message_id: str
    files: int


def is_automatic(message: EmailMessage) -> bool:
    """Return whether no person wrote this: a note of absence, a bounce, a list."""
    submitted = str(message.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    return (
        not submitted.startswith("no")
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(name in message for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or str(message.get("Return-Path", "")).strip() == "<>"
        or message.get_content_type() == "multipart/report"
        or bool(ROBOTS.match(_sender(message)))
    )


def read(message: EmailMessage) -> Reply:
    found = dict.fromkeys(token for address in _recipients(message) if (token := replies.token_in(address)))
    return Reply(
        tokens=tuple(found),
        sender=_sender(message),
        text=own_words(_text(message)),
        message_id=str(message.get("Message-ID", "")).strip(),
        files=sum(part.get_content_disposition() == "attachment" for part in message.walk()),
    )


def own_words(text: str) -> str:
    """Return what the sender wrote, without quotation and signature; all of it if the answer stands below."""
    text = text.replace("\r\n", "\n")
    above = _QUOTES.split(text, maxsplit=1)[0].strip()
    return above or "\n".join(line for line in text.split("\n") if not line.startswith(">")).strip()


def _recipients(message: EmailMessage) -> Iterator[str]:
    heads = [str(value) for name in RECIPIENTS for value in message.get_all(name, [])]
    yield from (address for _name, address in getaddresses(heads))


def _sender(message: EmailMessage) -> str:
    return parseaddr(str(message.get("From", "")))[1].lower()


def _text(message: EmailMessage) -> str:
    """Return the words as plain text. An unknown encoding leaves marks in place of letters."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        content = str(body.get_content())
    except LookupError:
        content = bytes(body.get_payload(decode=True) or b"").decode("utf-8", "replace")
    if body.get_content_subtype() != "html":
        return content
    lined = re.sub(r"(?i)<(br|/p|/div)\b[^>]*>", "\n", re.split(r"(?i)<blockquote\b", content, maxsplit=1)[0])
    return html.unescape(strip_tags(lined))
