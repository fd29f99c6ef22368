"""The daily cleanup of handovers."""

from datetime import datetime, timedelta

from autodoctor.core.chunks import delete_in_chunks
from autodoctor.handover.models import Handover
from autodoctor.scheduler.handlers import Handler, JobKind, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

KEPT = timedelta(days=1)  # longer than a session: what opens nothing any more is not kept


class HandoverJob(JobKind):
    TIDY = "handover.tidy"


def delete_old(job: Job, now: datetime) -> None:
    delete_in_chunks(Handover.objects.filter(made_at__lte=now - KEPT), by="made_at")


JOBS: dict[str, Handler] = {HandoverJob.TIDY: Handler(delete_old, lane=Lane.INSIDE, every=always(days=1))}
