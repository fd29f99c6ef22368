"""The request queue: requests without a mechanic, given-back requests first."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, QuerySet

from autodoctor.core import acting
from autodoctor.files.models import StoredFile
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State


def queued_requests() -> QuerySet[Session]:
    """Return the queue in order, the next request first."""
    requests = Session.objects.filter(state=State.REQUESTED).select_related("customer")
    return requests.order_by(F("released_at").asc(nulls_last=True), "requested_at", "id")


@acting.system
def queue_position(session_id: UUID) -> int | None:
    """Return the place in the queue, starting with 1; None outside the queue."""
    ids = list(queued_requests().values_list("id", flat=True))
    return ids.index(session_id) + 1 if session_id in ids else None


def files_of(requests: Iterable[Session]) -> dict[UUID, list[StoredFile]]:
    """Return the attachments of waiting customers by session, newest first."""
    found: dict[UUID, list[StoredFile]] = defaultdict(list)
    there = StoredFile.objects.filter(owner_id__in=[session.id for session in requests], removed_at=None)
    for file in there.order_by("-created_at", "id"):
        found[file.owner_id].append(file)
    return found
