"""Deliver one mail to one person: hand it to the mail server now."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any, Protocol, cast
from uuid import UUID

from anymail.exceptions import AnymailInvalidAddress, AnymailRecipientsRefused, AnymailRequestsAPIError
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from autodoctor.mail import message_ids, replies
from autodoctor.mail.failures import address_failed
from autodoctor.mail.message import Attachment, Envelope, Images, envelope
from autodoctor.mail.rendering import render
from autodoctor.scheduler.handlers import GiveUp

# What an HTTP API says of a mail that it will never take: malformed, too large, not deliverable.
NEVER = {400, 413, 422}


class Person(Protocol):
    """A person with an account, or `Recipient`, an address without one."""

    @property
    def email(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def time_zone(self) -> str: ...


@dataclass(frozen=True)
class Recipient:
    """`reply_to`: where the answer goes (`mail/replies.py`)."""

    email: str
    name: str = ""
    time_zone: str = "UTC"
    reply_to: str = ""


def answering(user: AbstractBaseUser, about: UUID | None) -> Recipient:
    """Return this person as the recipient of a mail about a session or conversation, whose answer we take."""
    person = cast(Person, user)
    return Recipient(person.email, person.name, person.time_zone, replies.address_for(about, user.pk))


def deliver(
    template: str,
    *,
    to: Person | str,
    context: Mapping[str, Any],
    key: str,
    attachments: Sequence[Attachment] = (),
    images: Images | None = None,
) -> None:
    """Render and send, outside of any transaction. `template`, `context` and `key` are those of `queue_mail`.

    The HTML shows `images` as `cid:<name>`. Raises `GiveUp` for a permanent refusal (a refused address), and other
    errors (no server, no answer) for a temporary failure.
    """
    recipient = _recipient(to)
    letter = render(template, {**context, "to_name": recipient.name}, time_zone=recipient.time_zone)
    headers = {
        "Message-ID": message_ids.of_mail(key, recipient.email),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",  # keeps notes of absence from coming back
    }
    if isinstance(recipient, Recipient) and recipient.reply_to:
        headers["Reply-To"] = recipient.reply_to
    message = envelope(letter, to=recipient.email, headers=headers, attachments=attachments, images=images or {})
    with _refusals(recipient.email):
        message.send()
        _check_taken(message)


def _recipient(to: Person | str) -> Person:
    """Return the owner of an address that belongs to an account."""
    if not isinstance(to, str):
        return to
    return get_user_model().objects.filter(email=to).first() or Recipient(to)


@contextmanager
def _refusals(address: str) -> Iterator[None]:
    """Tell a permanent refusal from a temporary failure, and pass on that an address is refused."""
    try:
        yield
    except (SMTPRecipientsRefused, SMTPDataError, AnymailRequestsAPIError) as error:
        if not _is_for_ever(error):
            raise
        if isinstance(error, SMTPRecipientsRefused):
            address_failed.send(sender=Envelope, address=address)
        raise GiveUp(str(error)) from error
    except (AnymailRecipientsRefused, AnymailInvalidAddress) as error:
        address_failed.send(sender=Envelope, address=address)
        raise GiveUp(str(error)) from error


def _check_taken(message: Envelope) -> None:
    """Raise unless the service accepted the mail. SMTP has no such status."""
    answer = getattr(message, "anymail_status", None)
    if answer is not None and not answer.status <= {"sent", "queued"}:
        raise GiveUp(f"not taken: {', '.join(answer.status)}")


def _is_for_ever(error: SMTPRecipientsRefused | SMTPDataError | AnymailRequestsAPIError) -> bool:
    match error:
        case SMTPRecipientsRefused(recipients=answers):
            return all(code >= 500 for code, _ in answers.values())
        case SMTPDataError(smtp_code=code):
            return code >= 500
        case _:
            return error.status_code in NEVER
