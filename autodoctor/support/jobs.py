"""The job that fetches a mail which came in at Resend."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy

from autodoctor.files.errors import FileRefused
from autodoctor.mail import incoming, resend
from autodoctor.scheduler.handlers import GiveUp, Handler, JobKind, Retry
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.support import inbound_mail

LATER = timedelta(minutes=2)


class SupportJob(JobKind):
    FETCH_MAIL = "support.fetch_mail"


def fetch_mail(job: Job, now: datetime) -> None:
    """Take the mail that Resend calls `job.key`."""
    try:
        raw = resend.fetch(job.key)
        inbound_mail.take(incoming.parse(raw), now=now)
    except (resend.NotFetched, FileRefused) as error:
        raise Retry(LATER, str(error)) from error
    except (resend.TooLarge, ValueError) as error:
        raise GiveUp(f"{type(error).__name__}: {error}") from error


# An hour of a service's absence is survived; its own address of the mail is made anew each time.
JOBS: dict[str, Handler] = {
    SupportJob.FETCH_MAIL: Handler(
        fetch_mail, lane=Lane.FILES, attempts=30, failed=gettext_lazy("An answer by email could not be fetched")
    )
}
