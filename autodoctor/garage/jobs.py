"""The daily cleanup of the garage."""

from datetime import datetime

from autodoctor.core.chunks import delete_in_chunks
from autodoctor.garage.models import SharedLink
from autodoctor.garage.sharing import KEPT
from autodoctor.scheduler.handlers import Handler, JobKind, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job


class GarageJob(JobKind):
    TIDY = "garage.tidy"


def delete_ended_links(job: Job, now: datetime) -> None:
    """Delete links that have ended some time ago: until then their owner sees when they were opened last."""
    delete_in_chunks(SharedLink.objects.filter(ends_at__lte=now - KEPT), by="ends_at")


JOBS: dict[str, Handler] = {GarageJob.TIDY: Handler(delete_ended_links, lane=Lane.INSIDE, every=always(days=1))}
