"""Schedule and cancel jobs in the caller's transaction."""

import json
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import UUIDField

from autodoctor.core.raw_sql import rows
from autodoctor.scheduler.handlers import JobKind, JobPayload, handler_of
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

# Called after each commit that scheduled something, with when it is due and its lane: the process's own clock, a bus
# to those of other processes.
wake_listeners: list[Callable[[datetime, Lane], None]] = []

_UPSERT = """
INSERT INTO scheduler_job
    (kind, key, session_id, due_at, run_at, lane, payload,
    version, attempts, leased_until, lease_owner, parked_at, last_error)
VALUES {rows}
ON CONFLICT (kind, key) DO UPDATE SET
    session_id = excluded.session_id, due_at = excluded.due_at, run_at = excluded.run_at, lane = excluded.lane,
    payload = excluded.payload, version = scheduler_job.version + 1, attempts = 0, leased_until = NULL,
    lease_owner = '', parked_at = NULL, last_error = ''
"""
_ROW = "(%s, %s, %s, %s, %s, %s, %s, 1, 0, NULL, '', NULL, '')"

_SESSION_ID = UUIDField()

# The row as it was claimed: not cancelled, rescheduled or taken over since.
_HELD = "FROM scheduler_job WHERE id = %s AND version = %s AND lease_owner = %s"


class Superseded(Exception):
    """The running job was canceled, rescheduled or taken over meanwhile: this run must be rolled back."""


class Run:
    """One run of a job inside a transaction, and whether its row is deleted yet."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.settled = False

    def settle(self) -> None:
        """Delete the row, once. Raises `Superseded` unless it is still the claimed row."""
        if not self.settled:
            if _execute(f"DELETE {_HELD}", *_held(self.job)) != 1:
                raise Superseded
            self.settled = True


current_run: ContextVar[Run | None] = ContextVar("current_run", default=None)


def schedule(
    kind: JobKind, key: str, due_at: datetime, *, session_id: UUID | None = None, payload: JobPayload | None = None
) -> None:
    """Have `kind` run for `key` at `due_at`, instead of whatever was scheduled for the two before.

    Part of the caller's transaction. `session_id`: the session whose work it is. `payload`: what the handler of this
    kind reads, as JSON (UUIDs and datetimes become text).
    Raise `ValueError` for a naive moment or a name that does not fit.
    """
    _settle_own([kind], key)
    _upsert(key, {kind: due_at}, session_id, JobPayload() if payload is None else payload)


def cancel(kind: JobKind, key: str) -> bool:
    """Cancel a job in the caller's transaction. Returns False if there is none."""
    _settle_own([kind], key)
    return bool(_execute("DELETE FROM scheduler_job WHERE kind = %s AND key = %s", kind, key))


def reschedule(
    key: str, *, cancelled: Collection[str], scheduled: Mapping[str, datetime], session_id: UUID | None = None
) -> None:
    """Many `cancel`s and `schedule`s (kind → when it is due) of one key, in two statements."""
    _settle_own([*cancelled, *scheduled], key)
    if cancelled:
        marks = ", ".join(["%s"] * len(cancelled))
        _execute(f"DELETE FROM scheduler_job WHERE key = %s AND kind IN ({marks})", key, *cancelled)  # noqa: S608 - only marks
    if scheduled:
        _upsert(key, scheduled, session_id, JobPayload())


def pending(kinds: Collection[str], keys: list[str]) -> list[Job]:
    """Return the waiting jobs of these kinds and keys, without failed jobs."""
    return rows(Job, "kind IN (%s) AND key IN (%s) AND parked_at IS NULL", list(kinds), keys)


def unpark(jobs: list[int], now: datetime) -> int:
    """Try failed jobs again with all their attempts; returns how many there were."""
    with transaction.atomic():
        count = Job.objects.filter(pk__in=jobs, parked_at__isnull=False).update(parked_at=None, attempts=0, run_at=now)
        for lane in Lane:
            transaction.on_commit(partial(_announce, now, lane), robust=True)
    return count


def dismiss(job: int) -> bool:
    """Delete a failed job. Returns False if it is gone or is being tried again."""
    deleted, _ = Job.objects.filter(pk=job, parked_at__isnull=False).delete()
    return bool(deleted)


def check_held(job: Job) -> None:
    """Raise `Superseded` unless the row is still the claimed row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 {_HELD}", _held(job))
        if cursor.fetchone() is None:
            raise Superseded


def _held(job: Job) -> tuple[int, int, str]:
    return job.pk, job.version, job.lease_owner


def _row(kind: str, key: str, due_at: datetime, session_id: UUID | None, payload: JobPayload) -> list[Any]:
    if due_at.tzinfo is None:
        raise ValueError("a deadline needs a time zone")
    if len(kind) > 60 or len(key) > 120:
        raise ValueError(f"too long for a job: {kind} {key}")
    moment = connection.ops.adapt_datetimefield_value(due_at)
    session = _SESSION_ID.get_db_prep_value(session_id, connection)
    return [kind, key, session, moment, moment, handler_of(kind).lane, json.dumps(payload, cls=DjangoJSONEncoder)]


def _upsert(key: str, jobs: Mapping[str, datetime], session_id: UUID | None, payload: JobPayload) -> None:
    rows = [_row(kind, key, due_at, session_id, payload) for kind, due_at in jobs.items()]
    _execute(_UPSERT.format(rows=", ".join([_ROW] * len(rows))), *chain.from_iterable(rows))
    earliest: dict[Lane, datetime] = {}
    for kind, due_at in jobs.items():
        lane = handler_of(kind).lane
        earliest[lane] = min(due_at, earliest.get(lane, due_at))
    for lane, due_at in earliest.items():
        transaction.on_commit(partial(_announce, due_at, lane), robust=True)


def _settle_own(kinds: Collection[str], key: str) -> None:
    """A handler that changes its own job first deletes the claimed row; it may do so only while it holds it."""
    run = current_run.get()
    if run and run.job.key == key and run.job.kind in kinds:
        run.settle()


def _execute(sql: str, *params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def _announce(due_at: datetime, lane: Lane) -> None:
    for wake in wake_listeners:
        wake(due_at, lane)
