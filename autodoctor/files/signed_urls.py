"""Signed addresses of files that expire: one file, one form, one hour, no personal data."""

from datetime import datetime, timedelta
from mimetypes import guess_extension
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.http import content_disposition_header

from autodoctor.files import storage
from autodoctor.files.models import StoredFile

LIFETIME = timedelta(hours=1)
STEP_SECONDS = 600  # addresses made within so many are the same, so that browsers need not load twice
LIFETIME_OF_SHARED = timedelta(minutes=5)
STEP_SECONDS_OF_SHARED = 60
VIEW, THUMBNAIL, DOWNLOAD = "view", "thumbnail", "download"
# For whoever has a link: they live minutes, and do not say what the file was called.
SHARED, SHARED_THUMBNAIL = "shared", "sharedthumbnail"
SHOWN = {StoredFile.Kind.IMAGE, StoredFile.Kind.AUDIO, StoredFile.Kind.VIDEO}  # all others are downloads


def url_of(file: StoredFile, now: datetime, *, thumbnail: bool = False, download: bool = False) -> str:
    """Return the address of these bytes, valid for an hour at most."""
    rendition = THUMBNAIL if thumbnail else DOWNLOAD if download else VIEW
    return _url_of(file, rendition, now, lifetime=LIFETIME, step_seconds=STEP_SECONDS)


def shared_url_of(file: StoredFile, now: datetime, *, thumbnail: bool = False) -> str:
    """Return the address of these bytes for somebody without an account, valid for some minutes."""
    rendition = SHARED_THUMBNAIL if thumbnail else SHARED
    return _url_of(file, rendition, now, lifetime=LIFETIME_OF_SHARED, step_seconds=STEP_SECONDS_OF_SHARED)


def _url_of(file: StoredFile, rendition: str, now: datetime, *, lifetime: timedelta, step_seconds: int) -> str:
    seconds = int(lifetime.total_seconds())
    if not storage.is_directory():
        return storage.presigned(
            key_of(file, rendition),
            seconds=seconds,
            content_type=type_of(file, rendition),
            disposition=disposition(file, rendition),
        )
    until = int(now.timestamp()) // step_seconds * step_seconds + seconds
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
    return file.thumbnail_key if rendition in {THUMBNAIL, SHARED_THUMBNAIL} else file.key


def type_of(file: StoredFile, rendition: str) -> str:
    return file.content_type


def disposition(file: StoredFile, rendition: str) -> str:
    attached = rendition == DOWNLOAD or file.kind not in SHOWN
    name = _plain_name(file) if rendition in {SHARED, SHARED_THUMBNAIL} else file.name
    return str(content_disposition_header(attached, name))


def _plain_name(file: StoredFile) -> str:
    """Return a name that says nothing: people call files after themselves."""
    return f"{file.kind}{guess_extension(file.content_type) or ''}"
