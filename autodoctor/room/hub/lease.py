"""The lease of a server process: its connections count while the lease is renewed, and are closed when it lapses."""

import logging
import os
import socket
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from autodoctor.core.process_identity import identity, is_dead
from autodoctor.room.hub.event_bus import bus
from autodoctor.room.hub.notes import PresenceChanged
from autodoctor.scheduler.handlers import JobKind
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from autodoctor.sessions.lifecycle import transitions
from autodoctor.sessions.models import Connection, Process

logger = logging.getLogger(__name__)
# After a process has gone: who is back by then was never away. Thousands who come back at once take turns.
COMING_BACK = timedelta(seconds=3)
COMING_BACK_EACH = timedelta(milliseconds=2)
# While one of them has just opened a page and is about to join, they are awaited; twice a lease's time at most.
ABOUT_TO_JOIN = timedelta(seconds=5)
LONGER = timedelta(seconds=2)


class RoomJob(JobKind):
    LAPSE = "presence.lapse"


def take(now: datetime) -> UUID:
    """Create a lease for this process."""
    lease = Process(
        id=uuid4(),
        identity=identity(),
        host=socket.gethostname(),
        pid=os.getpid(),
        renewed_at=now,
        expires_at=_expiry(now),
    )
    with transaction.atomic():
        lease.save(force_insert=True)
        schedule(RoomJob.LAPSE, str(lease.id), lease.expires_at)
    return lease.id


def renew(process_id: UUID, now: datetime) -> bool:
    """Renew the lease. Returns False if it has lapsed: other processes have acted on that, so it cannot be restored."""
    with transaction.atomic():
        valid = Process.objects.filter(pk=process_id, expires_at__gt=now)
        if not valid.update(renewed_at=now, expires_at=_expiry(now)):
            return False
        schedule(RoomJob.LAPSE, str(process_id), _expiry(now))
    return True


def _expiry(now: datetime) -> datetime:
    return now + _lease()


def _lease() -> timedelta:
    return timedelta(seconds=settings.DEADLINES["lease"])


def end(process_id: UUID, now: datetime) -> None:
    """End the lease when the process stops. Its people were last seen now and have a moment to reconnect elsewhere."""
    _end_all(Process.objects.filter(pk=process_id), seen_at=now, now=now)


def end_the_dead(now: datetime) -> None:
    """At the start, end the leases of processes that have certainly died, instead of waiting for them to lapse."""
    for process in Process.objects.filter(expires_at__gt=now):
        if is_dead(process.identity):
            _end_all(Process.objects.filter(pk=process.pk), seen_at=process.renewed_at, now=now)


def _end_all(processes: QuerySet[Process], *, seen_at: datetime, now: datetime) -> None:
    """End these leases: their connections no longer count. Jobs handle the consequences."""
    with transaction.atomic():
        for process in processes:
            Process.objects.filter(pk=process.pk).update(renewed_at=seen_at, expires_at=seen_at)
            pages = Connection.objects.filter(process=process).count()
            _await(process, now + COMING_BACK + pages * COMING_BACK_EACH)


def _await(process: Process, until: datetime) -> None:
    Process.objects.filter(pk=process.pk).update(awaited_until=until)
    schedule(RoomJob.LAPSE, str(process.pk), until)


def lapse(job: Job, now: datetime) -> None:
    """Handle a lease that ended: its people were last seen at its last renewal."""
    process = Process.objects.filter(pk=job.key, expires_at__lte=now).first()
    if process is None:
        return
    pages = Connection.objects.filter(process=process)
    if now < process.renewed_at + 2 * _lease() and _is_joining(pages, now):
        _await(process, now + LONGER)
    else:
        _retire(process, pages, now)


def _is_joining(pages: QuerySet[Connection], now: datetime) -> bool:
    """Return whether somebody who had joined there has just opened a page elsewhere, which has not joined yet."""
    opened = Connection.objects.filter(
        session=OuterRef("session"), user=OuterRef("user"), joined=False, opened_at__gt=now - ABOUT_TO_JOIN
    )
    return pages.filter(Exists(opened.filter(process__expires_at__gt=now)), joined=True).exists()


def _retire(process: Process, pages: QuerySet[Connection], now: datetime) -> None:
    """Close the process's pages, person by person, then delete its row. Safe to repeat."""
    had_joined: dict[tuple[UUID, UUID], bool] = {}
    for session_id, user_id, joined in pages.values_list("session_id", "user_id", "joined"):
        had_joined[session_id, user_id] = joined or had_joined.get((session_id, user_id), False)
    for session_id in {session_id for session_id, _ in had_joined}:
        transaction.on_commit(partial(bus.publish, PresenceChanged(str(session_id), server="")))
    back = _pages_elsewhere(pages, now)
    for (session_id, user_id), joined in had_joined.items():
        if not any((session_id, user_id, joined_there) in back for joined_there in {True, joined}):
            ids = list(pages.filter(session_id=session_id, user_id=user_id).values_list("pk", flat=True))
            close_pages(ids, session_id=session_id, user_id=user_id, at=process.renewed_at, now=now)
    process.delete()


def _pages_elsewhere(pages: QuerySet[Connection], now: datetime) -> set[tuple[UUID, UUID, bool]]:
    """Return who has a page of these sessions in a living process, and whether it has joined.

    Asked once for thousands of pages. Whoever comes back after that is closed as well, which changes nothing: it counts
    that they have a page again.
    """
    elsewhere = Connection.objects.filter(session_id__in=pages.values("session_id"), process__expires_at__gt=now)
    return set(elsewhere.values_list("session_id", "user_id", "joined"))


def close_pages(connection_ids: list[UUID], *, session_id: UUID, user_id: UUID, at: datetime, now: datetime) -> None:
    """Close a person's last pages at `at`. Rows and consequences are in one transaction, so neither is lost."""
    with transaction.atomic():
        Connection.objects.filter(pk__in=connection_ids).delete()
        transitions.record_page_closed(session_id=session_id, user_id=user_id, at=at, now=now)
