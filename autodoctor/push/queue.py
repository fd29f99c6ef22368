"""Queue push messages: they are sent after the caller's transaction has committed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.push.models import PushSubscription
from autodoctor.scheduler.handlers import JobKind, JobPayload
from autodoctor.scheduler.queue import schedule


class PushJob(JobKind):
    SEND = "push.send"


class SendPush(JobPayload):
    """A `PushNote` as JSON. `until` is ISO 8601; `seen_at` has the note's own `path`, too."""

    title: str
    body: str
    path: str
    topic: str
    until: str
    urgent: bool
    quiet: bool
    seen_at: list[str]


@dataclass(frozen=True)
class PushNote:
    """A push message: the words on the lock screen, and the address that a tap opens.

    `topic`: a later message with the same topic replaces an earlier one. `until`: the message expires then. `seen_at`:
    pages that show the news themselves; nothing is shown while one of them is visible. `quiet`: without a sound.
    """

    title: str
    body: str
    path: str
    topic: str
    until: datetime
    urgent: bool = True
    quiet: bool = False
    seen_at: tuple[str, ...] = ()


def reaches(people: QuerySet[User]) -> bool:
    """Return whether any of these people has a subscribed browser."""
    return bool(settings.VAPID_PRIVATE_KEY) and PushSubscription.objects.filter(user__in=people).exists()


def queue_push(note: PushNote, *, to: Iterable[UUID], now: datetime) -> int:
    """Queue the message for every browser of these people, in the caller's transaction; returns how many."""
    if not settings.VAPID_PRIVATE_KEY:
        return 0
    browsers = PushSubscription.objects.filter(user_id__in=list(to), user__is_active=True)
    message = _as_json(note)
    ids = list(browsers.values_list("id", flat=True))
    for subscription_id in ids:
        schedule(PushJob.SEND, f"{subscription_id}:{note.topic}", now, payload=message)
    return len(ids)


def _as_json(note: PushNote) -> SendPush:
    return SendPush(
        title=note.title,
        body=note.body,
        path=note.path,
        topic=note.topic,
        until=note.until.isoformat(),
        urgent=note.urgent,
        quiet=note.quiet,
        seen_at=[note.path, *note.seen_at],
    )
