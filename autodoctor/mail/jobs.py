"""The job that sends a queued mail."""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy

from autodoctor.mail.delivery import deliver
from autodoctor.mail.queue import MailJob, SendMail
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job


def send(job: Job, now: datetime) -> None:
    """Deliver the mail to its recipient as known now; nothing if the account is gone."""
    mail: SendMail = job.payload
    to = mail.get("address") or get_user_model().objects.filter(pk=mail["user_id"]).first()
    if to:
        deliver(mail["template"], to=to, context=mail["context"], key=job.key)


FAILED = gettext_lazy("An email could not be delivered")

# About a day of a mail server's absence is survived; then support sees the parked row.
JOBS: dict[str, Handler] = {MailJob.SEND: Handler(send, external=True, attempts=30, failed=FAILED)}
