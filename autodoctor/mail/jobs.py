"""The job that sends a queued mail."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy

from autodoctor.core.parsing import parse_uuid
from autodoctor.mail import replies
from autodoctor.mail.delivery import Recipient, answering, deliver
from autodoctor.mail.queue import MailJob, SendMail
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job


def send(job: Job, now: datetime) -> None:
    """Deliver the mail to its recipient as known now; nothing if the account is gone."""
    mail: SendMail = job.payload
    about = job.session_id or parse_uuid(mail.get("answers_to"))
    to = _address(mail["address"], about) if "address" in mail else _recipient(mail["user_id"], about)
    if to:
        deliver(mail["template"], to=to, context=mail["context"], key=job.key)


def _address(address: str, about: UUID | None) -> Recipient | str:
    return Recipient(address, reply_to=replies.address_for(about, address)) if about else address


def _recipient(user_id: str, about: UUID | None) -> Recipient | None:
    """Support answers on its desk; everybody else may answer a mail about a session or a conversation."""
    user = get_user_model().objects.filter(pk=user_id).first()
    return answering(user, None if user.is_staff else about) if user else None


FAILED = gettext_lazy("An email could not be delivered")

# About a day of a mail server's absence is survived; then support sees the parked row.
JOBS: dict[str, Handler] = {MailJob.SEND: Handler(send, lane=Lane.MAIL, attempts=30, failed=FAILED)}
