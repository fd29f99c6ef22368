"""Queue push messages: they are sent after the caller's transaction has committed."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.push.models import PushSubscription
from autodoctor.scheduler.queue import schedule


@dataclass(frozen=True)
class PushNote:
    """A push message: the words on the lock screen, and the address that a tap opens.

    `topic`: a later message with the same topic replaces an earlier one. `until`: the message expires then. `seen_at`:
    pages that show the news themselves; nothing is shown while one of them is visible.
    """

    title: str
    body: str
    path: str
    topic: str
    until: datetime
    urgent: bool = True
    seen_at: tuple[str, ...] = ()


def reaches(people: QuerySet[User]) -> bool:
    """Return whether any of these people has a subscribed browser."""
    return bool(settings.VAPID_PRIVATE_KEY) and PushSubscription.objects.filter(user__in=people).exists()


def queue_push(note: PushNote, *, to: Iterable[UUID], now: datetime) -> int:
    """Queue the message for every browser of these people, in the caller's transaction; returns how many."""
    if not settings.VAPID_PRIVATE_KEY:
        return 0
    browsers = PushSubscription.objects.filter(user_id__in=list(to), user__is_active=True)
    facts = {**asdict(note), "seen_at": [note.path, *note.seen_at]}
    ids = list(browsers.values_list("id", flat=True))
    for subscription_id in ids:
        schedule("push.send", f"{subscription_id}:{note.topic}", now, **facts)
    return len(ids)
