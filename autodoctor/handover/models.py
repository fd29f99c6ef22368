"""One session on a second device: who made the code, which phone opened it, and how long it may."""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import models
from django.utils.crypto import constant_time_compare

from autodoctor.accounts.models import User
from autodoctor.handover import codes
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import participants
from autodoctor.sessions.states import OPEN

KEPT_AFTER_END = timedelta(minutes=10)  # a phone still reads how the session ended


class Stage(StrEnum):
    """How far a handover has come, at a moment."""

    OFFERED = "offered"  # its code waits for a phone
    ASKED = "asked"  # a phone waits for its person
    OPEN = "open"  # the phone may use the session
    OVER = "over"


class Handover(models.Model):
    """One code and what came of it. Both secrets, the code and the phone's token, are stored as hashes.

    Nothing in it lasts: code and question run out at `expires_at`, and what was allowed ends with the session.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="handovers")
    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    code_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # Of the first phone that opened it, and of no other.
    token_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 none is not one of them
    device = models.CharField(max_length=60, blank=True)  # "Chrome on Android"
    number = models.PositiveSmallIntegerField(null=True)  # both screens show it
    asked_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    access_hash = models.CharField(max_length=64, blank=True)  # what else signs the person out, as it was then
    has_call = models.BooleanField(default=False)  # the phone's page joined after every other of the person
    ended_at = models.DateTimeField(null=True)  # refused, taken back, or another code was made

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "person"], condition=models.Q(ended_at=None), name="one_open_handover_per_person"
            ),
        ]
        indexes = [models.Index(fields=["made_at"], name="handover_by_age")]

    def __str__(self) -> str:
        return f"{self.session_id} of {self.person_id}"

    def stage(self, now: datetime) -> Stage:
        """Return how far it has come. Whoever has no part in the session any more has nothing to hand over."""
        if self.ended_at or self.person_id not in participants.party_ids(self.session):
            return Stage.OVER
        if self.confirmed_at:
            return Stage.OPEN if self._is_session_good(now) and self._is_signed_in() else Stage.OVER
        if now >= self.expires_at or self.session.state not in OPEN:
            return Stage.OVER
        return Stage.ASKED if self.asked_at else Stage.OFFERED

    def _is_signed_in(self) -> bool:
        """Return whether nothing has signed the person out everywhere since they let the phone in."""
        return constant_time_compare(self.access_hash, codes.access_of(self.person))

    def _is_session_good(self, now: datetime) -> bool:
        if self.session.state in OPEN:
            return True
        return bool(self.session.ended_at and now < self.session.ended_at + KEPT_AFTER_END)
