"""The job that sends a queued mail."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy

from autodoctor.mail.delivery import Recipient, answering, deliver
from autodoctor.mail.queue import MailJob, SendMail
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job


def send(job: Job, now: datetime) -> None:
    """Deliver the mail to its recipient as known now; nothing if the account is gone."""
    mail: SendMail = job.payload
    to = mail.get("address") or _recipient(mail["user_id"], job.session_id)
    if to:
        deliver(mail["template"], to=to, context=mail["context"], key=job.key)


def _recipient(user_id: str, session_id: UUID | None) -> Recipient | None:
    """Support answers on its desk; everybody else may answer a mail about a session."""
    user = get_user_model().objects.filter(pk=user_id).first()
    return answering(user, None if user.is_staff else session_id) if user else None


FAILED = gettext_lazy("An email could not be delivered")

# About a day of a mail server's absence is survived; then support sees the parked row.
JOBS: dict[str, Handler] = {MailJob.SEND: Handler(send, external=True, attempts=30, failed=FAILED)}
