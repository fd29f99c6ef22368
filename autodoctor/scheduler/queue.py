"""Schedule and cancel jobs in the caller's transaction."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import UUIDField

from autodoctor.core.batches import put_off_to_the_last, write_now
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

# Each condition names its columns alone, too: no database finds pairs by an index.
# The rows as they were claimed: not canceled, rescheduled or taken over since.
_HELD = "FROM scheduler_job WHERE id IN ({0}) AND (id, version, lease_owner) IN (VALUES {rows})"
_NAMED = "FROM scheduler_job WHERE kind IN ({0}) AND key IN ({1}) AND (kind, key) IN (VALUES {rows})"


class Superseded(Exception):
    """The running job was canceled, rescheduled or taken over meanwhile: this run must be rolled back."""


class Run:
    """A run of jobs inside a transaction, and which of their rows it has not deleted yet."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._unsettled = {_name(job): job for job in jobs}

    def settle(self, names: Iterable[tuple[str, str]]) -> None:
        """Delete the rows of these kinds and keys, once. Raises `Superseded` unless they are still the claimed rows."""
        mine = {name: self._unsettled[name] for name in names if name in self._unsettled}
        if mine and _execute(*_among(f"DELETE {_HELD}", [_claim(job) for job in mine.values()])) != len(mine):
            raise Superseded
        self._unsettled = {name: job for name, job in self._unsettled.items() if name not in mine}

    def settle_jobs(self, jobs: Iterable[Job]) -> None:
        """The same by the jobs."""
        self.settle(_name(job) for job in jobs)


current_run: ContextVar[Run | None] = ContextVar("current_run", default=None)


def schedule(
    kind: JobKind, key: str, due_at: datetime, *, session_id: UUID | None = None, payload: JobPayload | None = None
) -> None:
    """Have `kind` run for `key` at `due_at`, instead of whatever was scheduled for the two before.

    Part of the caller's transaction. `session_id`: the session whose work it is. `payload`: what the handler of this
    kind reads, as JSON (UUIDs and datetimes become text).
    Raise `ValueError` for a naive moment or a name that does not fit.
    """
    _write([_planned(kind, key, due_at, session_id, JobPayload() if payload is None else payload)])


def cancel(kind: JobKind, key: str) -> bool:
    """Cancel a job in the caller's transaction. Returns False if there is none."""
    write_now()
    _settle_own([(kind, key)])
    return bool(_execute(*_among(f"DELETE {_NAMED}", [(kind, key)])))


def reschedule(
    key: str, *, cancelled: Collection[str], scheduled: Mapping[str, datetime], session_id: UUID | None = None
) -> None:
    """Many `cancel`s and `schedule`s (kind → when it is due) of one key, in two statements."""
    planned = [_planned(kind, key, due_at, session_id, JobPayload()) for kind, due_at in scheduled.items()]
    _write([*(_Change(kind, key) for kind in cancelled), *planned])


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


def still_held(jobs: Sequence[Job]) -> list[Job]:
    """Return those whose rows are still as they were claimed."""
    with connection.cursor() as cursor:
        cursor.execute(*_among(f"SELECT id {_HELD}", [_claim(job) for job in jobs]))
        ids = {pk for (pk,) in cursor.fetchall()}
    return [job for job in jobs if job.pk in ids]


def check_held(job: Job) -> None:
    """Raise `Superseded` unless the row is still the claimed row."""
    if not still_held([job]):
        raise Superseded


@dataclass(frozen=True)
class _Change:
    """What becomes of one row. Without `row` it goes."""

    kind: str
    key: str
    due_at: datetime | None = None
    row: tuple[Any, ...] = ()


def _planned(kind: str, key: str, due_at: datetime, session_id: UUID | None, payload: JobPayload) -> _Change:
    if due_at.tzinfo is None:
        raise ValueError("a deadline needs a time zone")
    if len(kind) > 60 or len(key) > 120:
        raise ValueError(f"too long for a job: {kind} {key}")
    moment = connection.ops.adapt_datetimefield_value(due_at)
    session = _SESSION_ID.get_db_prep_value(session_id, connection)
    words = json.dumps(payload, cls=DjangoJSONEncoder)
    return _Change(kind, key, due_at, (kind, key, session, moment, moment, handler_of(kind).lane, words))


@put_off_to_the_last
def _write(changes: list[list[_Change]]) -> None:
    """The last change of a row counts. Rows are locked in one order."""
    last = {(change.kind, change.key): change for change in chain.from_iterable(changes)}
    _settle_own(last)
    if cancelled := sorted(name for name, change in last.items() if not change.row):
        _execute(*_among(f"DELETE {_NAMED}", cancelled))
    if planned := [change for _, change in sorted(last.items()) if change.row]:
        _execute(_UPSERT.format(rows=", ".join([_ROW] * len(planned))), chain.from_iterable(one.row for one in planned))
        _announce_after_commit(planned)


def _settle_own(names: Iterable[tuple[str, str]]) -> None:
    """A handler that changes its own job first deletes the claimed row; it may do so only while it holds it."""
    if run := current_run.get():
        run.settle(names)


def _announce_after_commit(planned: Iterable[_Change]) -> None:
    earliest: dict[Lane, datetime] = {}
    for change in planned:
        if change.due_at:
            lane = handler_of(change.kind).lane
            earliest[lane] = min(change.due_at, earliest.get(lane, change.due_at))
    for lane, due_at in earliest.items():
        transaction.on_commit(partial(_announce, due_at, lane), robust=True)


def _name(job: Job) -> tuple[str, str]:
    return job.kind, job.key


def _claim(job: Job) -> tuple[int, int, str]:
    return job.pk, job.version, job.lease_owner


def _among(sql: str, given: Sequence[tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """Return the statement about these rows, and its parameters."""
    columns = [list(dict.fromkeys(column)) for column in zip(*given, strict=True)][: sql.count("{") - 1]
    row = f"({', '.join(['%s'] * len(given[0]))})"
    marks = [", ".join(["%s"] * len(column)) for column in columns]
    return sql.format(*marks, rows=", ".join([row] * len(given))), [*chain(*columns, *given)]


def _execute(sql: str, params: Iterable[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return int(cursor.rowcount)


def _announce(due_at: datetime, lane: Lane) -> None:
    for wake in wake_listeners:
        wake(due_at, lane)
