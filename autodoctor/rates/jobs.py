"""Delete counts that mean nothing any more."""

from datetime import datetime
from math import ceil

from autodoctor.core.chunks import delete_in_chunks
from autodoctor.rates.models import SECONDS_OF_AN_HOUR, Count, Kept
from autodoctor.scheduler.handlers import Handler, JobKind, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job


class RatesJob(JobKind):
    PRUNE = "rates.prune"


def prune(job: Job, now: datetime) -> None:
    """Delete the counts of everybody who may use all of a limit again, and expired entries of the cache."""
    gone = Count.objects.filter(full_at__lte=now.timestamp(), hour__lte=ceil(now.timestamp() / SECONDS_OF_AN_HOUR))
    delete_in_chunks(gone, by="hour")
    delete_in_chunks(Kept.objects.filter(expires_at__lte=now.timestamp()), by="expires_at")


JOBS: dict[str, Handler] = {RatesJob.PRUNE: Handler(prune, lane=Lane.INSIDE, every=always(minutes=10))}
