"""How loops claim, hold and give back due jobs."""

import hashlib
import os
import secrets
import socket
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from autodoctor.scheduler import queue
from autodoctor.scheduler.handlers import Handler, registered
from autodoctor.scheduler.models import Job

LEASE = timedelta(seconds=15)
# Longer than any call to the outside may take with its own time-outs and repetitions.
EXTERNAL_LEASE = timedelta(seconds=120)
RECURRING = "recurring"  # the key of a recurring job

# One statement for many rows. The lease of a row that is past was left by a process that died or stalled: a call to
# the outside may be what killed it, so that counts as an attempt.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM scheduler_job
    WHERE parked_at IS NULL AND external = %s AND run_at <= %s AND (leased_until IS NULL OR leased_until <= %s)
    ORDER BY run_at LIMIT %s {skip_locked}
)
UPDATE scheduler_job
SET attempts = attempts + CASE WHEN leased_until IS NULL THEN 0 ELSE %s END, leased_until = %s, lease_owner = %s
WHERE id IN (SELECT id FROM due)
RETURNING *
"""
_living: set[str] = set()


def new_owner() -> str:
    """Return an owner name for leases that tells other processes of this machine whether the owner still lives."""
    owner = f"{_host()}:{os.getpid()}:{secrets.token_hex(4)}"
    _living.add(owner)
    return owner


def claim(owner: str, *, external: bool, until: datetime, limit: int, lease: timedelta) -> list[Job]:
    """Lease up to `limit` jobs that run by `until`, the earliest first. Uses its own transaction."""
    now = timezone.now()
    skip_locked = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    moment = connection.ops.adapt_datetimefield_value
    params = [external, moment(until), moment(now), limit, int(external), moment(now + lease), owner]
    with transaction.atomic():
        jobs = list(Job.objects.raw(_CLAIM.format(skip_locked=skip_locked), params))
    return sorted(jobs, key=lambda job: job.run_at)


def held(job: Job) -> "QuerySet[Job]":
    """Return the row as it was claimed; None if it was canceled, rescheduled or taken over since."""
    return Job.objects.filter(pk=job.pk, version=job.version, lease_owner=job.lease_owner)


def give_back(jobs: Iterable[Job]) -> None:
    """Give back claimed jobs that have not begun."""
    for job in jobs:
        held(job).update(leased_until=None, lease_owner="")


def expire_leases_of_the_dead(*, external: bool) -> None:
    """Make jobs of a dead process of this machine due now, instead of when their leases end."""
    leased = Job.objects.filter(external=external, lease_owner__startswith=f"{_host()}:")
    owners = [owner for owner in leased.values_list("lease_owner", flat=True).distinct() if _is_dead(owner)]
    with transaction.atomic():
        # Skipping locked rows: waiting for them in another order than their holder does could deadlock.
        rows = leased.filter(lease_owner__in=owners).select_for_update(skip_locked=True)
        ids = list(rows.values_list("pk", flat=True))
        Job.objects.filter(pk__in=ids, lease_owner__in=owners).update(leased_until=timezone.now())


def ensure_recurring(*, external: bool) -> None:
    """Make sure that every recurring job exists, and is due no later than its handler says."""
    now = timezone.now()
    for kind, handler in registered().items():
        if handler.every is None or handler.external is not external:
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


def _host() -> str:
    return hashlib.blake2s(socket.gethostname().encode(), digest_size=6).hexdigest()


def _is_dead(owner: str) -> bool:
    pid = int(owner.split(":")[1])
    if pid == os.getpid():
        return owner not in _living
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
