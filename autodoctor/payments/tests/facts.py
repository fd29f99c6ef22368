"""Job handlers for these tests: the real ones of payments, and consequences that only record the fact."""

from datetime import datetime
from typing import Any

from autodoctor.payments.jobs import JOBS
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.models import Job

FACTS = (
    "authorised captured released failed mismatch refused refunded refund_failed disputed dispute_closed"
    " waiting declined fraud_warning stands_still hold_ends owed entry_lapsed settled"
).split()
seen: list[tuple[str, dict[str, Any]]] = []


def note(job: Job, now: datetime) -> None:
    seen.append((job.kind.removeprefix("payment."), job.payload))


def pass_by(job: Job, now: datetime) -> None:
    """Higher capabilities know who earns."""


HANDLERS: dict[str, Handler] = {**JOBS, **{f"payment.{fact}": Handler(note) for fact in FACTS}}
HANDLERS["payment.earned"] = Handler(pass_by)
