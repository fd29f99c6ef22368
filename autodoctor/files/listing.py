"""Files of an owner: list, keep, remove."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from django.db.models import QuerySet

from autodoctor.accounts.models import User
from autodoctor.core import acting
from autodoctor.core.raw_sql import rows, values
from autodoctor.files import errors, storage
from autodoctor.files.models import StoredFile
from autodoctor.files.signed_urls import url_of
from autodoctor.scheduler.handlers import JobKind
from autodoctor.scheduler.queue import schedule

__all__ = ["count", "files_of", "keep", "list_files", "open_file", "remove", "url_of"]


class FilesJob(JobKind):
    ERASE = "files.erase"
    EXPIRE = "files.expire"
    FORGET = "files.forget"
    SWEEP = "files.sweep"


def files_of(owner_id: UUID) -> QuerySet[StoredFile]:
    """Return the owner's files, newest first, without removed files."""
    there = StoredFile.objects.filter(owner_id=owner_id, removed_at=None)
    return there.select_related("uploader").order_by("-created_at", "id")


def list_files(owner_id: UUID, known: Iterable[User] = ()) -> list[StoredFile]:
    """Return the same with who shared each. Who is known is not read again."""
    found = rows(StoredFile, "owner_id = %s AND removed_at IS NULL ORDER BY created_at DESC, id", owner_id)
    people = {user.id: user for user in known}
    if missing := {file.uploader_id for file in found if file.uploader_id} - people.keys():
        people |= {user.id: user for user in rows(User, "id IN (%s)", [*missing])}
    for file in found:
        file.uploader = people[file.uploader_id] if file.uploader_id else None
    return found


def count(owner_id: UUID) -> tuple[int, int]:
    """Return how many files there are, and how many there ever were."""
    removals = values(StoredFile, "removed_at", "owner_id = %s", owner_id)
    return removals.count((None,)), len(removals)


def open_file(file: StoredFile, *, thumbnail: bool = False) -> BinaryIO:
    """Open the bytes; the caller closes them. Raises `FileNotFoundError` for a file without a thumbnail."""
    key = file.thumbnail_key if thumbnail else file.key
    if not key:
        raise FileNotFoundError(f"no thumbnail of {file.id}")
    return storage.open_object(key)


@acting.system
def keep(owner_id: UUID, ids: Collection[UUID]) -> list[StoredFile]:
    """Mark files as shown, so that they cannot be removed. In the caller's transaction, in the given order.

    Raises `FileRefused` if one of them does not exist.
    """
    found = {file.id: file for file in files_of(owner_id).filter(id__in=ids).select_for_update(of=("self",))}
    if len(found) != len(set(ids)):
        raise errors.gone()
    StoredFile.objects.filter(id__in=found).update(kept=True)
    return [found[id_] for id_ in ids]


def remove(file: StoredFile, *, now: datetime) -> None:
    """Remove a file in the caller's transaction; the bytes go after the commit. Raises `FileRefused` for a kept
    file.
    """
    changed = StoredFile.objects.filter(pk=file.pk, removed_at=None, kept=False).update(removed_at=now)
    if not changed:
        raise errors.kept()
    schedule(FilesJob.ERASE, str(file.id), now)


def forget(owner_id: UUID, *, now: datetime) -> None:
    """Remove all files of an owner that is deleted, in the caller's transaction; bytes and rows go after the commit."""
    if StoredFile.objects.filter(owner_id=owner_id).update(removed_at=now):
        schedule(FilesJob.FORGET, str(owner_id), now)
