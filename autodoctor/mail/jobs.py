"""The job that sends a queued mail."""

from datetime import datetime

from django.contrib.auth import get_user_model

from autodoctor.mail.delivery import deliver
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job


def send(job: Job, now: datetime) -> None:
    """Deliver the mail to its recipient as known now; nothing if the account is gone."""
    to = job.payload.get("address") or get_user_model().objects.filter(pk=job.payload["user_id"]).first()
    if to:
        deliver(job.payload["template"], to=to, context=job.payload["context"], key=job.key)


# About a day of a mail server's absence is survived; then support sees the parked row.
JOBS: dict[str, Handler] = {"mail.send": Handler(send, external=True, attempts=30)}
