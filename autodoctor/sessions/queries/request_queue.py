"""The request queue: requests without a mechanic. Running sessions that need another one come first, then what was
given back. Private ones stand in nobody's queue but their mechanic's.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, Q, QuerySet

from autodoctor.accounts.models import User
from autodoctor.core import acting
from autodoctor.files.models import StoredFile
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import OFFERED


def queued_requests() -> QuerySet[Session]:
    """Return the queue that all mechanics see, in order, the next request first."""
    return _in_order().filter(private_until=None)


def queue_of(mechanic: User) -> QuerySet[Session]:
    """Return the queue as this mechanic sees it: what they were asked for comes first."""
    return _in_order().filter(Q(private_until=None) | Q(asked_for=mechanic))


def _in_order() -> QuerySet[Session]:
    requests = Session.objects.filter(state__in=OFFERED).select_related("customer")
    first = (F(name).asc(nulls_last=True) for name in ("search_at", "private_until", "released_at"))
    return requests.order_by(*first, "requested_at", "id")


@acting.system
def queue_position(session_id: UUID) -> int | None:
    """Return the place in the queue, starting with 1; None outside the queue, as of a private request."""
    ids = list(queued_requests().values_list("id", flat=True))
    return ids.index(session_id) + 1 if session_id in ids else None


def files_of(requests: Iterable[Session]) -> dict[UUID, list[StoredFile]]:
    """Return the attachments of waiting customers by session, newest first."""
    found: dict[UUID, list[StoredFile]] = defaultdict(list)
    customers = {session.id: session.customer_id for session in requests}
    there = StoredFile.objects.filter(owner_id__in=customers, removed_at=None)
    for file in there.order_by("-created_at", "id"):
        if file.uploader_id == customers[file.owner_id]:  # a mechanic who left has shared files, too
            found[file.owner_id].append(file)
    return found
