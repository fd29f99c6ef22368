"""Signed addresses of files that expire: one file, one form, one hour, no personal data."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import content_disposition_header

from autodoctor.files import storage
from autodoctor.files.models import StoredFile

LIFETIME = timedelta(hours=1)
STEP_SECONDS = 600  # addresses made within so many are the same, so that browsers need not load twice
VIEW, THUMBNAIL, DOWNLOAD = RENDITIONS = ("view", "thumbnail", "download")
SHOWN = {StoredFile.Kind.IMAGE, StoredFile.Kind.AUDIO, StoredFile.Kind.VIDEO}  # all others are downloads


def url_of(file: StoredFile, now: datetime, *, thumbnail: bool = False, download: bool = False) -> str:
    """Return the address of these bytes, valid for an hour at most."""
    rendition = THUMBNAIL if thumbnail else DOWNLOAD if download else VIEW
    if not storage.is_directory():
        return storage.presigned(
            key_of(file, rendition),
            seconds=int(LIFETIME.total_seconds()),
            content_type=type_of(file, rendition),
            disposition=disposition(file, rendition),
        )
    until = int(now.timestamp()) // STEP_SECONDS * STEP_SECONDS + int(LIFETIME.total_seconds())
    return f"{reverse('file', args=[file.id, rendition])}?until={until}&seal={seal(file.id, rendition, until)}"


def seal(file_id: UUID, rendition: str, until: int) -> str:
    value = f"{file_id}:{rendition}:{until}"
    return salted_hmac("autodoctor.files", value, secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()


def is_valid(file_id: UUID, rendition: str, until: str, given: str, now: datetime) -> bool:
    """Return whether we signed this address and it has not expired."""
    if not (until.isascii() and until.isdigit() and len(until) <= 12):
        return False
    genuine = constant_time_compare(seal(file_id, rendition, int(until)), given)
    return genuine and now.timestamp() < int(until)


def key_of(file: StoredFile, rendition: str) -> str:
    """Return the object's key; empty without a thumbnail."""
    return file.thumbnail_key if rendition == THUMBNAIL else file.key


def type_of(file: StoredFile, rendition: str) -> str:
    return file.content_type


def disposition(file: StoredFile, rendition: str) -> str:
    attached = rendition == DOWNLOAD or file.kind not in SHOWN
    return str(content_disposition_header(attached, file.name))
