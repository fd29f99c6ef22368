"""Uploaded files. Owners are opaque ids here; higher capabilities know their meaning."""

import uuid
from typing import TypedDict

from django.db import models
from django.utils.translation import gettext_lazy as _


class FileFacts(TypedDict):
    """A file as the log and the API carry it. `size` in bytes, `width` and `height` in pixels, of images."""

    id: str
    name: str
    kind: str
    content_type: str
    size: int
    width: int | None
    height: int | None


class StoredFile(models.Model):
    """A stored file, checked and sanitized. Written only by `ingest` and `listing`."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("Image")
        AUDIO = "audio", _("Audio")
        VIDEO = "video", _("Video")
        PDF = "pdf", _("PDF")
        DOCUMENT = "document", _("Document")
        TEXT = "text", _("Text")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_id = models.UUIDField()  # the session, the help thread or the conversation it belongs to
    # None: somebody without an account, whom the owner knows.
    uploader = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", null=True, blank=True)
    name = models.CharField(max_length=120)  # fit for any file system and header
    kind = models.CharField(max_length=10, choices=Kind)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # bytes as stored
    width = models.PositiveIntegerField(null=True)  # pixels, of images
    height = models.PositiveIntegerField(null=True)
    key = models.CharField(max_length=60, unique=True)  # name in the file store
    thumbnail_key = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    shot = models.CharField(max_length=20, blank=True)  # the item of a checklist that it answers
    asked_by_name = models.CharField(max_length=80, blank=True)  # who asked the uploader's camera for this photo
    kept = models.BooleanField(default=False)  # a summary shows it: it cannot be removed

    class Meta:
        indexes = [
            models.Index(fields=["owner_id", "-created_at"], name="files_of_owner"),
            models.Index(fields=["thumbnail_key"], condition=~models.Q(thumbnail_key=""), name="files_by_thumbnail"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def uploader_name(self) -> str:
        return self.uploader.name if self.uploader else ""

    def facts(self) -> FileFacts:
        """Return the file as the log and the API carry it, without addresses, because they expire."""
        return FileFacts(
            id=str(self.id),
            name=self.name,
            kind=self.kind,
            content_type=self.content_type,
            size=self.size,
            width=self.width,
            height=self.height,
        )


class PartialUpload(models.Model):
    """A file that comes piece by piece. Written only by `partial_uploads`, and gone at `expires_at` at the latest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner_id = models.UUIDField()  # as of a stored file
    sender = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    client_id = models.UUIDField()  # of the file that it becomes
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=100, blank=True)  # as the sender says
    shot = models.CharField(max_length=20, blank=True)
    still = models.UUIDField(null=True)  # the request for a photo that it answers
    size = models.PositiveIntegerField()  # bytes of the whole file
    received = models.PositiveIntegerField(default=0)  # bytes
    pieces = models.JSONField(default=list)  # names in the file store, in their order
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField()  # when a piece last came
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner_id", "sender", "client_id"], name="one_partial_upload_per_file")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_whole(self) -> bool:
        return self.received == self.size
