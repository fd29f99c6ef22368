"""A server process and its lease: connections count while it is renewed, and are closed when it lapses."""

import logging
import os
import socket
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from autodoctor.clock.models import Job
from autodoctor.clock.queue import cancel, schedule
from autodoctor.sessions import actions
from autodoctor.sessions.models import Connection, Process

logger = logging.getLogger(__name__)
LAPSE = "presence.lapse"


def take(now: datetime) -> UUID:
    """A lease for this process."""
    lease = Process(id=uuid4(), host=socket.gethostname(), pid=os.getpid(), renewed_at=now, expires_at=_end(now))
    with transaction.atomic():
        lease.save(force_insert=True)
        schedule(LAPSE, str(lease.id), lease.expires_at)
    return lease.id


def renew(process_id: UUID, now: datetime) -> bool:
    """False when it has lapsed: others have acted on that, so it cannot be had back."""
    with transaction.atomic():
        valid = Process.objects.filter(pk=process_id, expires_at__gt=now)
        if not valid.update(renewed_at=now, expires_at=_end(now)):
            return False
        schedule(LAPSE, str(process_id), _end(now))
    return True


def _end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.DEADLINES["lease"])


def lapse(job: Job, now: datetime) -> None:
    """The job that is due when a lease ends: whoever was connected there was last seen at its renewal."""
    process = Process.objects.filter(pk=job.key, expires_at__lte=now).first()
    if process is not None:
        retire(process, at=process.renewed_at, now=now)


def retire_the_dead(now: datetime) -> None:
    """At the start: processes of this host that are gone need not wait for their lease to lapse."""
    for process in Process.objects.filter(host=socket.gethostname()):
        if process.pid == os.getpid() or not _is_alive(process.pid):
            retire(process, at=process.renewed_at, now=now)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def retire(process: Process, *, at: datetime, now: datetime) -> None:
    """Close its connections as of `at`, person by person, then forget it. May be repeated."""
    pages = Connection.objects.filter(process=process)
    for session_id, user_id in pages.values_list("session_id", "user_id").distinct():
        close_pages(
            list(pages.filter(session_id=session_id, user_id=user_id).values_list("pk", flat=True)),
            session_id=session_id,
            user_id=user_id,
            at=at,
            now=now,
        )
    with transaction.atomic():
        process.delete()
        cancel(LAPSE, str(process.pk))


def close_pages(connection_ids: list[UUID], *, session_id: UUID, user_id: UUID, at: datetime, now: datetime) -> None:
    """Somebody's last pages closed at `at`. Rows and consequence go together, so neither is ever lost."""
    with transaction.atomic():
        Connection.objects.filter(pk__in=connection_ids).delete()
        actions.page_closed(session_id=session_id, user_id=user_id, at=at, now=now)
