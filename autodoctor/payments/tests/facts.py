"""The table of jobs in these tests: the real ones of payments, and consequences that only write down the fact."""

from datetime import datetime

from autodoctor.payments.jobs import JOBS
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job

FACTS = (
    "authorised captured released failed mismatch refunded refund_failed disputed dispute_closed waiting declined"
).split()
seen: list[tuple[str, dict[str, str]]] = []


def note(job: Job, now: datetime) -> None:
    seen.append((job.kind.removeprefix("payment."), job.payload))


def pass_by(job: Job, now: datetime) -> None:
    """Who earns is known above."""


HANDLERS: dict[str, Handler] = {**JOBS, **{f"payment.{fact}": Handler(note) for fact in FACTS}}
HANDLERS["payment.earned"] = Handler(pass_by)
