"""The job that sends a posted mail."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage

from autodoctor.clock.handlers import Handler
from autodoctor.clock.models import Job
from autodoctor.mail.rendering import render


@dataclass(frozen=True)
class Recipient:
    address: str
    name: str = ""
    time_zone: str = "UTC"


def send(job: Job, now: datetime) -> None:
    """Render and hand over to the mail server. Raises what the server answers: the clock tries again."""
    recipient = _recipient(job)
    if recipient is None:
        return
    context = job.payload["context"] | {"to_name": recipient.name}
    letter = render(job.payload["template"], context, time_zone=recipient.time_zone)
    headers = {"Message-ID": message_id(job.key), "Auto-Submitted": "auto-generated"}
    EmailMessage(letter.subject, letter.text, settings.DEFAULT_FROM_EMAIL, [recipient.address], headers=headers).send()


def message_id(key: str) -> str:
    """The same for every attempt, so that a receiver who got a mail twice can tell."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{urlsplit(settings.SITE_URL).hostname}>"


def _recipient(job: Job) -> Recipient | None:
    """As they are known now; None when the account is gone since."""
    people = get_user_model().objects
    if address := job.payload.get("address"):
        user = people.filter(email=address).first()
        return Recipient(user.email, user.name, user.time_zone) if user else Recipient(address)
    user = people.filter(pk=job.payload["user_id"]).first()
    return Recipient(user.email, user.name, user.time_zone) if user else None


# About a day of a mail server's absence is survived; then support sees the parked row.
JOBS: dict[str, Handler] = {"mail.send": Handler(send, external=True, attempts=30)}
