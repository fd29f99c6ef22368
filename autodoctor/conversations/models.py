"""A question to support outside a session: the conversation, and its numbered entries."""

import uuid
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from autodoctor.accounts.models import User
from autodoctor.accounts.waiting_list import mailbox_of
from autodoctor.conversations.topics import Topic, topic_words
from autodoctor.core.folded_columns import FoldedColumns, FoldedField, FoldingQuerySet
from autodoctor.core.folding import folded
from autodoctor.rates import counting


class State(models.TextChoices):
    """Whom a conversation waits for. Each state has a deadline (`deadlines.py`)."""

    UNCONFIRMED = "unconfirmed", _("Address not confirmed")  # support does not see it yet
    OPEN = "open", _("Waits for us")
    ANSWERED = "answered", _("Waits for an answer")
    CLOSED = "closed", _("Closed")


# Somebody has to do something by a certain time. Closed ones only fade.
WAITING = (State.UNCONFIRMED, State.OPEN, State.ANSWERED)


class Asker(models.TextChoices):
    """Who asks, as they were when they asked."""

    VISITOR = "visitor", _("Visitor")
    CUSTOMER = "customer", _("Customer")
    MECHANIC = "mechanic", _("Mechanic")


class Conversation(FoldedColumns):
    """Changed only inside `conversation_transaction`. A visitor has no `person`, but an `email`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    asker = models.CharField(max_length=8, choices=Asker)
    person = models.ForeignKey(User, models.PROTECT, related_name="conversations", null=True, blank=True)
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=80)
    topic = models.CharField(max_length=10, choices=Topic)
    client_id = models.UUIDField(unique=True)  # names the form: sent twice, it asks once
    # Of a visitor; a member is found by the account.
    search_words = FoldedField(of=("name", "email"), words=lambda one: folded(f"{one.name} {one.email}"))

    state = models.CharField(max_length=11, choices=State)
    state_at = models.DateTimeField()
    created_at = models.DateTimeField()
    # How often it changed, and when last: lists that have not heard of it find it by these.
    changes = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(null=True, db_index=True)
    seq = models.PositiveIntegerField(default=0)  # of the last entry
    read_seq = models.PositiveIntegerField(default=0)  # of the last entry that the asker has seen
    taken_by = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)  # nobody took it: all of support got a mail
    reminded_at = models.DateTimeField(null=True, blank=True)  # the answer is overdue: all of support got a mail
    mail_fails = models.BooleanField(default=False)  # to the visitor's address

    objects = models.Manager.from_queryset(FoldingQuerySet)()

    class Meta:
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["state", "state_at"], name="conversation_by_state"),
            models.Index(fields=["person", "-created_at"], name="conversation_of_person"),
            models.Index(fields=["email", "-created_at"], name="conversation_of_address"),
            models.Index(fields=["created_at"], name="conversation_by_day"),
            GinIndex(fields=["search_words"], opclasses=["gin_trgm_ops"], name="conversation_by_words"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(asker="visitor", person=None) & ~models.Q(email="")
                | ~models.Q(asker="visitor") & models.Q(person__isnull=False, email=""),
                name="a_visitor_has_an_address_and_a_member_an_account",
            )
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.topic_words}"

    @property
    def who(self) -> str:
        """Return the name that the asker has now."""
        return self.person.name if self.person else self.name

    @property
    def topic_words(self) -> str:
        return topic_words(self.topic)

    @property
    def unread(self) -> bool:
        """Return whether the asker has not seen the end of it."""
        return self.seq > self.read_seq

    @property
    def is_visitors(self) -> bool:
        return self.asker == Asker.VISITOR

    @property
    def counted(self) -> str:
        """Return who is counted where the asker is limited: the person, or the visitor's mailbox."""
        return counting.person(self.person_id) if self.person_id else mailbox_of(self.email)

    @property
    def address(self) -> str:
        """Return where mails to the asker go now."""
        return self.person.email if self.person else self.email


class Kind(models.TextChoices):
    ASKED = "help.asked", _("Asked")
    ANSWERED = "help.answered", _("Answered")
    CLOSED = "help.closed", _("Closed")
    TOOK = "support.took", _("Taken")
    HANDED_BACK = "support.handed_back", _("Handed back")


SPOKEN = frozenset({Kind.ASKED, Kind.ANSWERED, Kind.CLOSED})  # what the asker reads, and what makes a page stale
SUPPORT = "support"


class Entry(models.Model):
    """One entry of a conversation. Written only by `record.py`, never changed. Named like a session's events."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="entries")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, related_name="+", null=True, blank=True)
    actor_role = models.CharField(max_length=8, blank=True)  # of `Asker`, or support; empty: it happened by itself
    actor_name = models.CharField(max_length=80, blank=True)
    client_id = models.UUIDField(null=True, blank=True)
    text = models.TextField(blank=True)
    note = models.CharField(max_length=200, blank=True)  # for support only
    enclosed = models.JSONField(default=dict)  # `EnclosedData`: the files that came with it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="one_entry_per_number"),
            models.UniqueConstraint(fields=["conversation", "client_id"], name="one_entry_per_form"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"

    @property
    def data(self) -> dict[str, Any]:
        """Return what an event of a session's help thread carries."""
        first = {"reason": self.conversation.topic} if self.seq == 1 else {}
        said = {"text": self.text} if self.text else {}
        return {**first, **said, **self.enclosed}
