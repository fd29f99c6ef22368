"""The jobs of conversations: what happens when a deadline has come."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from autodoctor.conversations import deadlines, notify, record
from autodoctor.conversations.deadlines import HelpJob
from autodoctor.conversations.models import WAITING, Conversation, Kind, State
from autodoctor.files import listing
from autodoctor.scheduler import queue
from autodoctor.scheduler.handlers import Handler, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

Act = Callable[[Conversation, datetime], None]


def _on_deadline(act: Act) -> Callable[[Job, datetime], None]:
    """Return the handler that acts under the lock, if the conversation still has this deadline."""

    def run(job: Job, now: datetime) -> None:
        try:
            with record.conversation_transaction(UUID(job.key)) as conversation:
                if deadlines.is_due(conversation, job.kind, now):
                    act(conversation, now)
        except Conversation.DoesNotExist:
            return

    return run


def tell_untaken(conversation: Conversation, now: datetime) -> None:
    notify.alert_support(conversation, "untaken", _("Nobody has taken a question"), now)
    conversation.escalated_at = now


def tell_overdue(conversation: Conversation, now: datetime) -> None:
    notify.alert_support(conversation, "overdue", _("A question waits for its answer"), now)
    conversation.reminded_at = now


def close_idle(conversation: Conversation, now: datetime) -> None:
    record.append(conversation, Kind.CLOSED, by=record.NOBODY, at=now)
    record.enter(conversation, State.CLOSED, now)
    notify.closed(conversation, now)


def delete(job: Job, now: datetime) -> None:
    """Delete a visitor's conversation: one that was never confirmed, or was closed long ago."""
    found = Conversation.objects.select_for_update().filter(pk=job.key, person=None).first()
    if found and deadlines.is_due(found, job.kind, now):
        listing.forget(found.pk, now=now)
        found.delete()


def sweep(job: Job, now: datetime) -> None:
    """Schedule missing deadlines again: a safety net."""
    waiting = list(Conversation.objects.filter(state__in=WAITING))
    held = {(one.key, one.kind) for one in queue.pending(deadlines.OF_A_CONVERSATION, [str(one.id) for one in waiting])}
    for conversation in waiting:
        if any((str(conversation.id), kind) not in held for kind in deadlines.expected(conversation)):
            with record.conversation_transaction(conversation.id):
                pass  # it aligns them


JOBS: dict[str, Handler] = {
    HelpJob.UNCONFIRMED: Handler(delete),
    HelpJob.UNTAKEN: Handler(_on_deadline(tell_untaken)),
    HelpJob.OVERDUE: Handler(_on_deadline(tell_overdue)),
    HelpJob.IDLE: Handler(_on_deadline(close_idle)),
    HelpJob.EXPIRED: Handler(delete),
    HelpJob.SWEEP: Handler(sweep, lane=Lane.INSIDE, every=always(minutes=5)),
}
