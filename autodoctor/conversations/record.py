"""The only way to change a conversation: lock, check, change, append, align deadlines, announce."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.conversations import deadlines, thread_files
from autodoctor.conversations.messages import meanwhile, reused_id
from autodoctor.conversations.models import SPOKEN, SUPPORT, Conversation, Entry, Kind, State
from autodoctor.conversations.signals import changed
from autodoctor.conversations.thread_files import NOTHING, Enclosed
from autodoctor.core.raw_sql import rows


@dataclass(frozen=True)
class Actor:
    """Who writes, as the entry stores it. `user` is None for a visitor."""

    role: str
    name: str
    user: User | None = None


def asker_of(conversation: Conversation) -> Actor:
    return Actor(conversation.asker, conversation.who, conversation.person)


def staff(user: User) -> Actor:
    return Actor(SUPPORT, user.name, user)


NOBODY = Actor("", "")


@contextmanager
def conversation_transaction(conversation_id: UUID) -> Iterator[Conversation]:
    """Lock the conversation; on exit save it. Raises `Conversation.DoesNotExist`."""
    with transaction.atomic():
        found = rows(Conversation, "id = %s", conversation_id, lock=True)
        if not found:
            raise Conversation.DoesNotExist
        yield found[0]
        count_change(found[0])
        found[0].save()
        deadlines.align(found[0])
        announce(found[0])


def count_change(conversation: Conversation) -> None:
    conversation.changes, conversation.changed_at = conversation.changes + 1, timezone.now()


def announce(conversation: Conversation) -> None:
    """After commit, tell open pages that they are out of date."""
    person_id = str(conversation.person_id) if conversation.person_id else None
    id_, changes = str(conversation.pk), conversation.changes
    transaction.on_commit(
        lambda: changed.send(Conversation, conversation_id=id_, changes=changes, person_id=person_id), robust=True
    )


def enter(conversation: Conversation, state: State, at: datetime) -> None:
    """Move to a state. An open question waits anew for somebody to take it."""
    conversation.state, conversation.state_at = state, at
    conversation.escalated_at = conversation.reminded_at = None
    if state is State.OPEN:
        conversation.taken_by = conversation.taken_at = None


def append(
    conversation: Conversation,
    kind: Kind,
    *,
    by: Actor,
    at: datetime,
    text: str = "",
    note: str = "",
    client_id: UUID | None = None,
    enclosed: Enclosed = NOTHING,
) -> Entry:
    """Write the next entry, and save its files. The caller holds the conversation's lock."""
    conversation.seq += 1
    thread_files.save(enclosed, owner_id=conversation.id, uploader=by.user)
    return Entry.objects.create(
        conversation=conversation,
        seq=conversation.seq,
        kind=kind,
        at=at,
        actor=by.user,
        actor_role=by.role,
        actor_name=by.name,
        client_id=client_id,
        text=text,
        note=note,
        enclosed=enclosed.facts(),
    )


def repeated(conversation: Conversation, kind: Kind, *, by: Actor, client_id: UUID | None) -> Entry | None:
    """Return the entry that this form has already made; None for a new form. Raises `Refused` for another's id."""
    before = conversation.entries.filter(client_id=client_id).first() if client_id else None
    if before is None:
        return None
    if before.kind != kind or (before.actor_role, before.actor_id) != (by.role, by.user and by.user.pk):
        raise reused_id()
    return before


def check_seen(conversation: Conversation, *, by: User, seen: int | None) -> None:
    """Raise `Refused` if others wrote or closed after `seen`, the last entry that the page showed."""
    if seen is None:
        return
    missed = conversation.entries.filter(seq__gt=seen, kind__in=SPOKEN).exclude(actor=by).order_by("-seq").first()
    if missed:
        raise meanwhile(missed.actor_name or _("The Auto Doctor"))


def spoken(conversation: Conversation) -> list[Entry]:
    """Return what the asker and support read, in order."""
    found = list(conversation.entries.filter(kind__in=SPOKEN).order_by("seq"))
    for entry in found:
        entry.conversation = conversation
    return found
