"""Read a mail that came in: who answers which of our mails, in which words of their own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.utils import getaddresses, parseaddr
from hashlib import sha256
from typing import cast

from autodoctor.mail import enclosures, page_bodies, replies
from autodoctor.mail.enclosures import Enclosure
from autodoctor.mail.page_bodies import MARK

MOST_BYTES = 48 * 1024 * 1024  # of a mail with its files in base64; services and mail servers keep to less
RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
ROBOTS = re.compile(r"^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)@", re.IGNORECASE)
# The line above a quotation, in the languages of the usual programs.
_INTRODUCED = re.compile(
    r"^(?:On|Am|Le|El|Il|Op|Em|W dniu)\b.{0,200}?"
    r"(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|napisał).{0,200}?:\s*$",
    re.MULTILINE | re.DOTALL,
)
# What ends the sender's own words for good: the head of a quotation whose lines carry no mark, or a signature.
_ENDS = re.compile(
    r"^-{2,} ?[^\n]{0,40}(?:Original|Ursprüngliche|Forwarded|Weitergeleitete)[^\n]{0,40}-{2,}\s*$"
    r"|^(?:From|Von|De|Da|Van): [^\n]+\n(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado|Inviato|Verzonden)\b[^\n]*:"
    r"|^_{10,}\s*$"
    r"|^-- $",
    re.MULTILINE,
)
_GAP = re.compile(r"\n{3,}")

# What Python's reader of mails raises for heads that are malformed in ways that it does not expect.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError, LookupError, MessageError)


@dataclass(frozen=True)
class Reply:
    """An answer. `tokens` are those of the addresses it went to; `mark` is the same when it is handed over again.

    `is_automatic`: no person wrote it.
    """

    tokens: tuple[str, ...]
    sender: str
    text: str
    mark: str
    files: tuple[Enclosure, ...]
    is_automatic: bool


def parse(raw: bytes) -> EmailMessage:
    """Return the mail in these bytes. Raises `ValueError` for one that is too large or too deep to be read."""
    if len(raw) > MOST_BYTES:
        raise ValueError("too large")
    try:
        return message_from_bytes(raw, policy=policy.default)
    except RecursionError:
        raise ValueError("too many parts in each other") from None


def _is_automatic(message: EmailMessage) -> bool:
    """Return whether no person wrote this: a note of absence, a bounce, a list."""
    submitted = _head(message, "Auto-Submitted").lower() or "no"
    precedence = _head(message, "Precedence").lower()
    return (
        not submitted.startswith("no")
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(name in message for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or _head(message, "Return-Path") == "<>"
        or message.get_content_type() == "multipart/report"
        or bool(ROBOTS.match(_sender(message)))
    )


def read(message: EmailMessage) -> Reply:
    """Return the answer in a mail. Raises one of `MALFORMED`."""
    found = dict.fromkeys(token for address in _recipients(message) if (token := replies.token_in(address)))
    return Reply(
        tokens=tuple(found),
        sender=_sender(message),
        text=own_words(_text(message)),
        mark=_mark(message),
        files=tuple(enclosures.of(message, _quoted_html(message))),
        is_automatic=_is_automatic(message),
    )


def own_words(text: str) -> str:
    """Return what the sender wrote, without quotation and signature; all but the quotation if that leaves nothing.

    Answers may stand above a quotation, below it, and between its lines.
    """
    text = text.replace("\r\n", "\n")
    above, *below = _INTRODUCED.split(_ENDS.split(text, maxsplit=1)[0])
    marked = [part for part in below if f"\n{MARK}" in f"\n{part}"]  # what nobody has marked is quoted to its end
    return "\n\n".join(filter(None, map(_unquoted, [above, *marked]))) or _unquoted(text)


def _unquoted(text: str) -> str:
    own = "\n".join(line for line in text.split("\n") if not line.startswith(MARK))
    return _GAP.sub("\n\n", own).strip()


def _quoted_html(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    return "" if body is None else page_bodies.quoted_part(_content(body))


def _mark(message: EmailMessage) -> str:
    """Return the Message-ID; for the rare mail without one, what stands for its content."""
    return _head(message, "Message-ID") or sha256(message.as_bytes()).hexdigest()


def _recipients(message: EmailMessage) -> Iterator[str]:
    heads = [head for name in RECIPIENTS for head in _heads(message, name)]
    yield from (address for _name, address in getaddresses(heads))


def _sender(message: EmailMessage) -> str:
    return parseaddr(_head(message, "From"))[1].lower()


def _head(message: EmailMessage, name: str) -> str:
    return next(_heads(message, name), "")


def _heads(message: EmailMessage, name: str) -> Iterator[str]:
    """Yield the heads of this name as they came: Python's own reading of them fails for some malformed ones.

    Bytes that are no text are spelled out, for what is kept or counted by a head.
    """
    for given, value in message.raw_items():
        if given.lower() == name.lower():
            yield " ".join(str(value).split()).encode(errors="backslashreplace").decode()


def _text(message: EmailMessage) -> str:
    """Return the words as plain text."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    if body.get_content_subtype() != "html":
        return _content(body)
    return page_bodies.text_of(_content(body))


def _content(body: Message) -> str:
    """Return the words of a part. An unknown encoding leaves marks in place of letters."""
    try:
        return str(cast(EmailMessage, body).get_content())
    except LookupError:
        return bytes(body.get_payload(decode=True) or b"").decode("utf-8", "replace")
