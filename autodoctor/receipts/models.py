"""Issued documents. A row never changes: what happens later is a document of its own that names the first."""

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    RECEIPT = "receipt", _("Receipt")
    CREDIT_NOTE = "credit_note", _("Credit note")
    REVERSAL = "reversal", _("Reversal of a credit note")  # the refund did not arrive


LETTERS: dict[str, str] = {Kind.RECEIPT: "R", Kind.CREDIT_NOTE: "C", Kind.REVERSAL: "V"}


class Document(models.Model):
    """A receipt, a credit note or a reversal, as it was issued. `content` is what it says: names and amounts in words.

    The PDF is typeset once, by the first reader, and kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind)
    year = models.PositiveSmallIntegerField()
    serial = models.PositiveIntegerField()  # 1, 2, 3 … of this kind and year, without gaps
    session = models.ForeignKey("autodoctor_sessions.Session", models.PROTECT, related_name="documents")
    refers_to = models.ForeignKey("self", models.PROTECT, related_name="followed_by", null=True)
    refund_id = models.UUIDField(null=True)
    amount_cents = models.PositiveIntegerField()  # charged, refunded, or refunded in vain
    currency = models.CharField(max_length=3)
    content = models.JSONField()
    time_zone = models.CharField(max_length=64)  # of its times, and of its paper size
    issued_at = models.DateTimeField()
    pdf = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "year", "serial"], name="one_document_per_number"),
            models.UniqueConstraint(
                fields=["session"], condition=models.Q(kind="receipt"), name="one_receipt_per_session"
            ),
            models.UniqueConstraint(fields=["kind", "refund_id"], name="one_document_per_refund"),
            models.CheckConstraint(
                condition=models.Q(kind="receipt", refers_to=None, refund_id=None)
                | models.Q(models.Q(refers_to__isnull=False, refund_id__isnull=False), ~models.Q(kind="receipt")),
                name="what_follows_a_receipt_names_it",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store a new document. Raises TypeError for a stored one."""
        if not self._state.adding:
            raise TypeError(f"{self.number} is issued")
        super().save(*args, **kwargs)

    @property
    def number(self) -> str:
        return number_of(self.kind, self.year, self.serial)


class Series(models.Model):
    """The last number of a kind in a year. Its row is locked until the document's transaction ends: no gaps."""

    kind = models.CharField(max_length=12, choices=Kind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="one_series_per_kind_and_year")]

    def __str__(self) -> str:
        return number_of(self.kind, self.year, self.last)


def number_of(kind: str, year: int, serial: int) -> str:
    """Format "R-2026-000123"."""
    return f"{LETTERS[kind]}-{year}-{serial:06d}"
