"""What the garage keeps of a car: the advice of its summaries, what of it is done, and the links for a workshop."""

import uuid

from django.db import models

from autodoctor.booking.models import Vehicle
from autodoctor.files.models import StoredFile
from autodoctor.summaries.models import Part, Summary


class Advice(models.Model):
    """One thing that a summary advises: a step, or a part to get. `done_at` is the owner's; nothing else changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    car = models.ForeignKey(Vehicle, models.CASCADE, related_name="advice", db_index=False)
    summary = models.ForeignKey(Summary, models.CASCADE, related_name="+", db_index=False)
    position = models.PositiveSmallIntegerField()
    words = models.TextField()  # of a step; a part's name
    part = models.ForeignKey(Part, models.CASCADE, related_name="+", null=True)
    given_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "advice"
        constraints = (models.UniqueConstraint(fields=["summary", "position"], name="advice_in_order"),)
        indexes = [
            models.Index(
                fields=["car", "-given_at", "position", "id"], condition=models.Q(done_at=None), name="advice_open"
            ),
            models.Index(fields=["car", "-done_at"], condition=models.Q(done_at__isnull=False), name="advice_done"),
        ]

    def __str__(self) -> str:
        return self.words


class SharedLink(models.Model):
    """A page about a car that whoever has its address may read until it ends. Only the address's hash is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    car = models.ForeignKey(Vehicle, models.CASCADE, related_name="+", db_index=False)
    token_hash = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=60, blank=True)  # for whom: the owner's own word, which nobody else reads
    shows_vin = models.BooleanField()
    shows_mileage = models.BooleanField()
    shows_advice = models.BooleanField()
    shows_summaries = models.BooleanField()
    files = models.ManyToManyField(StoredFile, through="SharedFile", related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # or ended, if it was revoked
    revoked_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)  # the last time

    class Meta:
        indexes = [
            models.Index(fields=["car", "-made_at", "id"], name="links_of_car"),
            models.Index(fields=["ends_at"], name="links_by_end"),
        ]

    def __str__(self) -> str:
        return self.label or str(self.id)


class SharedFile(models.Model):
    """A file that a link shows."""

    link = models.ForeignKey(SharedLink, models.CASCADE, related_name="+", db_index=False)
    file = models.ForeignKey(StoredFile, models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["link", "file"], name="one_file_once_a_link"),)

    def __str__(self) -> str:
        return f"{self.file_id} by {self.link_id}"
