"""The daily cleanup, and the mails to the waiting list."""

from datetime import datetime

from django.contrib.sessions.models import Session

from autodoctor.accounts import waiting_list
from autodoctor.core.chunks import delete_in_chunks
from autodoctor.scheduler.handlers import Handler, JobKind, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job


class AccountsJob(JobKind):
    TIDY = "accounts.tidy"


def delete_expired(job: Job, now: datetime) -> None:
    """Delete expired browser sessions and expired notification addresses."""
    waiting_list.delete_expired(now)
    delete_in_chunks(Session.objects.filter(expire_date__lt=now), by="expire_date")


JOBS: dict[str, Handler] = {
    AccountsJob.TIDY: Handler(delete_expired, lane=Lane.INSIDE, every=always(days=1)),
    waiting_list.WaitingListJob.TELL: Handler(waiting_list.tell_some, lane=Lane.INSIDE),
}
