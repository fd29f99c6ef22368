"""Bookings that nobody paid: they go some months later, with all that they left behind but the ledger."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef

from autodoctor.core.chunks import delete_in_chunks
from autodoctor.files import listing
from autodoctor.files.models import StoredFile
from autodoctor.payments.models import Payment
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import UNPAID, Alert, Session

KEPT = timedelta(days=90)
AT_ONCE = 200  # each takes rows of other tables along


def forget(job: Job, now: datetime) -> None:
    """Delete sessions that were cancelled as drafts, unless money was held for one or support had to look at it."""
    held = Payment.objects.filter(owner_id=OuterRef("pk"), authorized_at__isnull=False)
    unpaid = Session.objects.filter(UNPAID, ended_at__lte=now - KEPT)
    gone = unpaid.exclude(Exists(held)).exclude(Exists(Alert.objects.filter(session=OuterRef("pk"))))

    def forget_files(sessions: list[UUID]) -> None:
        with_files = StoredFile.objects.filter(owner_id__in=sessions).values_list("owner_id", flat=True)
        for session_id in set(with_files):
            listing.forget(session_id, now=now)
        if settings.ROW_SECURITY:
            _forget_rows(sessions)

    delete_in_chunks(gone, by="ended_at", size=AT_ONCE, first=forget_files)


def _forget_rows(sessions: list[UUID]) -> None:
    """The application deletes no log: the owner's function does, and only of what nobody paid. Nothing is left then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT autodoctor_forget_unpaid(%s)", [sessions])
