"""One run of one job, inside or outside a transaction, and what follows a failure."""

import asyncio
import logging
import random
import time
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, NamedTuple

from django.db import transaction
from django.dispatch import Signal

from autodoctor.core.logs import bound
from autodoctor.core.parsing import storable_text
from autodoctor.scheduler import leases
from autodoctor.scheduler.handlers import GiveUp, Handler, Retry, handler_of, parked
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import Run, Superseded, check_held, current_run, still_held

logger = logging.getLogger(__name__)

# Sent after each run with `job`, its `outcome` and `now`, when it was begun.
ran = Signal()

ERROR_LENGTH = 500
LONGEST_PAUSE = timedelta(hours=1)
# A handler that leaves by one of the last two must not take its thread along.
FAILURES = (Exception, asyncio.CancelledError, SystemExit)


class Outcome(Enum):
    DONE = auto()
    SUPERSEDED = auto()
    FAILED = auto()


class Ended(NamedTuple):
    """How a batch ended: how many were done, and which have to run alone."""

    done: int
    left: list[Job]


class HolderDied(Exception):
    """The processes that ran this job died, as often as it may be tried."""


def run(job: Job, now: datetime) -> Outcome:
    """Run a claimed job and settle its row. Raises only if the database does not store the result."""
    with bound(**_about(job)):
        outcome = _outcome(job, now)
        ran.send_robust(Job, job=job, outcome=outcome, now=now)
    return outcome


def run_together(jobs: Sequence[Job], now: datetime) -> Ended:
    """Run claimed jobs of one kind in one transaction, and settle their rows.

    Nobody's attempt is spent here: whoever is to blame is found when each runs alone.
    """
    fresh = [job for job in jobs if not job.attempts]
    try:
        done, lost = _run_batch(fresh, now)
    except FAILURES as error:
        logger.warning("%d jobs %s failed together: %s", len(fresh), jobs[0].kind, _where(error))
        return Ended(0, list(jobs))
    for outcome, of_these in ((Outcome.DONE, done), (Outcome.SUPERSEDED, lost)):
        for job in of_these:
            ran.send_robust(Job, job=job, outcome=outcome, now=now)
    settled = {job.pk for job in (*done, *lost)}
    return Ended(len(done), [job for job in jobs if job.pk not in settled])


def _run_batch(jobs: Sequence[Job], now: datetime) -> tuple[Collection[Job], list[Job]]:
    """Return the jobs that were done, and those that are no longer ours."""
    together = handler_of(jobs[0].kind).together if jobs else None
    if together is None:
        return [], []
    with bound(job=jobs[0].kind), transaction.atomic():
        held = still_held(jobs)
        with _running(held) as this:
            done = together(held, now) if held else []
            this.settle_jobs(done)
    ours = {job.pk for job in held}
    return done, [job for job in jobs if job.pk not in ours]


def _about(job: Job) -> dict[str, str]:
    """For the log."""
    about = {"session_id": str(job.session_id)} if job.session_id else {}
    return {"job": job.kind, "job_key": job.key} | about


def _outcome(job: Job, now: datetime) -> Outcome:
    handler = handler_of(job.kind)
    began = time.monotonic()
    try:
        _run(job, handler, now)
    except Superseded:
        return Outcome.SUPERSEDED
    except FAILURES as error:
        _record_failure(job, handler, error, now + timedelta(seconds=time.monotonic() - began))
        return Outcome.FAILED
    return Outcome.DONE


def backoff(attempts: int) -> timedelta:
    """Return the pause: 1 s, 4 s, 16 s … up to an hour, varied by a fifth so that failures do not return together."""
    pause = min(timedelta(seconds=4 ** min(attempts - 1, 8)), LONGEST_PAUSE)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


def _run(job: Job, handler: Handler, now: datetime) -> None:
    if job.attempts >= handler.attempts:
        raise HolderDied
    if handler.lane.in_transaction:
        _run_in_transaction(job, handler, now)
    else:
        _run_outside(job, handler, now)


def _run_in_transaction(job: Job, handler: Handler, now: datetime) -> None:
    """Run the handler and delete the row in one transaction.

    The row is read first, so that a stale claim is cheap, and locked last: the order is session → payment → row.
    """
    with transaction.atomic(), _running([job]) as this:
        check_held(job)
        handler.run(job, now)
        leases.schedule_next(job, handler, now)
        this.settle_jobs([job])


@contextmanager
def _running(jobs: Iterable[Job]) -> Iterator[Run]:
    this = Run(jobs)
    token = current_run.set(this)
    try:
        yield this
    finally:
        current_run.reset(token)


def _run_outside(job: Job, handler: Handler, now: datetime) -> None:
    """Run a handler that commits its own results. A newer version that was scheduled meanwhile stays.

    Whoever lost the lease meanwhile confirms nothing: another one runs the job, and says how it ended.
    """
    check_held(job)
    handler.run(job, now)
    with transaction.atomic():
        confirmed, _ = leases.held(job).delete()
        if confirmed:
            leases.schedule_next(job, handler, now)
        elif Job.objects.filter(pk=job.pk, version=job.version).exists():
            raise Superseded


def _record_failure(job: Job, handler: Handler, error: BaseException, now: datetime) -> None:
    failed = job.attempts + 1
    given_up = failed >= handler.attempts or isinstance(error, GiveUp)
    what_next = _given_up(failed, handler, now) if given_up else _later(failed, error, now)
    last_error = _in_words(error)
    if not leases.held(job).update(last_error=last_error, leased_until=None, lease_owner="", **what_next):
        return
    logger.log(
        logging.ERROR if given_up else logging.WARNING,
        "%s %s failed, attempt %d of %d: %s",
        *(job.kind, job.key, failed, handler.attempts, _where(error)),
    )
    if given_up:
        job.attempts, job.last_error, job.parked_at = failed, last_error, what_next.get("parked_at")
        parked.send_robust(sender=Job, job=job)


def _later(failed: int, error: BaseException, now: datetime) -> dict[str, Any]:
    """Set the next run. `due_at` stays the deadline."""
    pause = error.after if isinstance(error, Retry) else backoff(failed)
    return {"attempts": failed, "run_at": now + pause}


def _given_up(failed: int, handler: Handler, now: datetime) -> dict[str, Any]:
    """Mark the job as failed, so that support sees it. A recurring job continues: it may be the safety net itself."""
    if handler.every is not None:
        next_at = leases.next_multiple(handler.every(), now)
        return {"attempts": 0, "due_at": next_at, "run_at": next_at}
    return {"attempts": failed, "parked_at": now}


def _in_words(error: BaseException) -> str:
    """Return type and message, shortened and safe for any database."""
    return storable_text("".join(traceback.format_exception_only(error))).strip()[:ERROR_LENGTH]


def _where(error: BaseException) -> str:
    """Return the type and line of the error for the log, never the message: it may quote a payload."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__qualname__}{place}"
