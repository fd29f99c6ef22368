"""How loops claim, hold and give back due jobs."""

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from autodoctor.core.process_identity import identity, is_dead
from autodoctor.scheduler import queue
from autodoctor.scheduler.handlers import Handler, registered
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

RECURRING = "recurring"  # the key of a recurring job

# One statement for many rows. The lease of a row that is past was left by a process that died or stalled: a call to
# the outside may be what killed it, so that counts as an attempt.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM scheduler_job
    WHERE parked_at IS NULL AND lane = %s AND run_at <= %s AND (leased_until IS NULL OR leased_until <= %s)
    ORDER BY run_at LIMIT %s {skip_locked}
)
UPDATE scheduler_job
SET attempts = attempts + CASE WHEN leased_until IS NULL THEN 0 ELSE %s END, leased_until = %s, lease_owner = %s
WHERE id IN (SELECT id FROM due)
RETURNING *
"""
_living: set[str] = set()


def new_owner() -> str:
    """Return an owner name for claims: the process's name, and one of its loops."""
    owner = f"{identity()}:{secrets.token_hex(3)}"
    _living.add(owner)
    return owner


def lanes_due(until: datetime) -> set[str]:
    """Return the lanes with a job that `claim` would find."""
    due = Job.objects.filter(parked_at=None, run_at__lte=until).exclude(leased_until__gt=timezone.now())
    return set(due.values_list("lane", flat=True).distinct())


def claim(owner: str, *, lane: Lane, until: datetime, limit: int, lease: timedelta) -> list[Job]:
    """Lease up to `limit` jobs of the lane that run by `until`, the earliest first. Uses its own transaction.

    Each claim has a name of its own: a run that lost its lease is told from its successor even in one process.
    """
    now = timezone.now()
    claimed_by = f"{owner}:{secrets.token_hex(3)}"
    skip_locked = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    moment = connection.ops.adapt_datetimefield_value
    one_attempt = 0 if lane.in_transaction else 1
    params = [lane, moment(until), moment(now), limit, one_attempt, moment(now + lease), claimed_by]
    with transaction.atomic():
        jobs = list(Job.objects.raw(_CLAIM.format(skip_locked=skip_locked), params))
    return sorted(jobs, key=lambda job: (job.run_at, job.pk))


def clock_skew() -> timedelta:
    """Return by how much this machine's clock and the database's differ at least; the way to it counts for both.

    Zero on SQLite, which has no clock of its own.
    """
    if connection.vendor == "sqlite":
        return timedelta(0)
    asked_at = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        its_time: datetime = cursor.fetchall()[0][0]
    return max(its_time - timezone.now(), asked_at - its_time, timedelta(0))


def renew(running: Collection[Job], *, lease: timedelta) -> None:
    """Renew the leases of these jobs, as far as they are still held.

    Not of rows that a run has locked to delete them, which nobody else can claim: it deletes many in another order.
    """
    if running:
        owners = {job.lease_owner for job in running}
        held = Job.objects.filter(pk__in=[job.pk for job in running], lease_owner__in=owners)
        with transaction.atomic():
            ids = list(held.select_for_update(skip_locked=True).values_list("pk", flat=True))
            held.filter(pk__in=ids).update(leased_until=timezone.now() + lease)


def held(job: Job) -> "QuerySet[Job]":
    """Return the row as it was claimed; None if it was canceled, rescheduled or taken over since."""
    return Job.objects.filter(pk=job.pk, version=job.version, lease_owner=job.lease_owner)


def give_back(jobs: Iterable[Job]) -> None:
    """Give back claimed jobs that have not begun."""
    for job in jobs:
        held(job).update(leased_until=None, lease_owner="")


def expire_leases_of_the_dead() -> None:
    """Make jobs of processes that have certainly died due now, instead of when their leases end."""
    leased = Job.objects.exclude(lease_owner="")
    owners = [owner for owner in leased.values_list("lease_owner", flat=True).distinct() if _is_dead(owner)]
    with transaction.atomic():
        # Skipping locked rows: waiting for them in another order than their holder does could deadlock.
        rows = leased.filter(lease_owner__in=owners).select_for_update(skip_locked=True)
        ids = list(rows.values_list("pk", flat=True))
        Job.objects.filter(pk__in=ids, lease_owner__in=owners).update(leased_until=timezone.now())


def ensure_recurring() -> None:
    """Make sure that every recurring job exists, and is due no later than its handler says."""
    now = timezone.now()
    for kind, handler in registered().items():
        if handler.every is None:
            continue
        due_at = next_multiple(handler.every(), now)
        with transaction.atomic():
            if not Job.objects.filter(kind=kind, key=RECURRING, parked_at=None, due_at__lte=due_at).exists():
                _repeat(kind, RECURRING, due_at)


def next_multiple(every: timedelta, now: datetime) -> datetime:
    """Return the next moment after `now` on which all processes agree."""
    past = timedelta(seconds=now.timestamp() % every.total_seconds())
    return now - past + every


def schedule_next(job: Job, handler: Handler, now: datetime) -> None:
    """Schedule a recurring job's next run."""
    if handler.every is not None:
        _repeat(job.kind, job.key, next_multiple(handler.every(), now))


def _repeat(kind: str, key: str, due_at: datetime) -> None:
    """A recurring job is nobody's and carries nothing."""
    queue.reschedule(key, cancelled=(), scheduled={kind: due_at})


def retire(owner: str) -> None:
    """End the use of this owner name."""
    _living.discard(owner)


def _is_dead(owner: str) -> bool:
    process, loop, *_claim = [*owner.split(":"), ""]
    return f"{process}:{loop}" not in _living if process == identity() else is_dead(process)
