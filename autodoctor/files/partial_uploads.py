"""Files that come piece by piece: what has arrived stays, whichever process it reached, until the file is whole.

Each piece is an object of the store; the row says how far they reach. Who sends asks there, and never knows better: a
piece counts if it begins where the row ends. Two that are sent at once are both stored, and one of them counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F

from autodoctor.accounts.models import User
from autodoctor.core.errors import Gone
from autodoctor.core.locking import hold
from autodoctor.files import errors, file_names, storage
from autodoctor.files.listing import FilesJob
from autodoctor.files.models import PartialUpload
from autodoctor.files.multipart_stream import SpooledFile
from autodoctor.scheduler.queue import schedule

LIFETIME = timedelta(hours=3)  # as long as a session can last
MOST_OPEN = 8  # of one person, in all sessions
SILENT = timedelta(minutes=5)  # a newer upload may take the place of one that was silent for so long
PIECE_LEAST_BYTES = 16 * 1024  # of all but the last piece


@dataclass(frozen=True)
class Announced:
    """What the sender says of the file. `size` in bytes."""

    client_id: UUID
    name: str
    size: int
    content_type: str = ""
    shot: str = ""
    still: UUID | None = None


def begin(announced: Announced, *, owner_id: UUID, sender: User, now: datetime) -> PartialUpload:
    """Begin an upload, or return the one that was begun for this file. Raises `FileRefused`, `TooFast`."""
    if announced.size > errors.MAX_BYTES:
        raise errors.too_large()
    if not announced.size:
        raise errors.empty()
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).only("pk").get(pk=sender.pk)  # one beginning at a time
        begun = PartialUpload.objects.filter(owner_id=owner_id, sender=sender, client_id=announced.client_id).first()
        if begun and begun.expires_at > now:
            return _same(begun, announced)
        if begun:
            begun.delete()  # its pieces are swept
        _make_place(sender, now)
        return _create(announced, owner_id, sender, now)


def own(upload_id: UUID, *, owner_id: UUID, sender: User, now: datetime) -> PartialUpload:
    """Return this person's upload. Raises `PartialUpload.DoesNotExist`, also for what is not theirs."""
    return PartialUpload.objects.get(pk=upload_id, owner_id=owner_id, sender=sender, expires_at__gt=now)


def count_others(announced: Announced, *, owner_id: UUID, sender: User, now: datetime) -> int:
    """Return how many files are on their way to this owner, without this one, which may have been begun before."""
    on_their_way = PartialUpload.objects.filter(owner_id=owner_id, expires_at__gt=now)
    return on_their_way.exclude(sender=sender, client_id=announced.client_id).count()


def add(upload: PartialUpload, path: Path, *, start: int, now: datetime) -> None:
    """Add the bytes of this file, which may be moved, if the upload stands at `start`.

    Raises `FileRefused`, and `Gone` if it was given up meanwhile.
    """
    size = path.stat().st_size
    if start != upload.received:
        raise errors.wrong_offset()
    if start + size > upload.size or (size < PIECE_LEAST_BYTES and start + size != upload.size):
        raise errors.unfit_piece()
    if not size:
        return
    key = storage.new_key(now)
    try:
        storage.put(path, key)
    except OSError as error:
        raise errors.not_stored(error) from error
    _count_in(upload, key, size, now)


def _count_in(upload: PartialUpload, key: str, size: int, now: datetime) -> None:
    start, pieces = upload.received, [*upload.pieces, key]
    alive = PartialUpload.objects.filter(pk=upload.pk, expires_at__gt=now)
    if not alive.filter(received=start).update(received=start + size, pieces=pieces, touched_at=now):
        _take_back(key)
        raise errors.wrong_offset() if alive.exists() else Gone
    upload.received, upload.pieces = start + size, pieces


@contextmanager
def whole(upload: PartialUpload) -> Iterator[SpooledFile]:
    """Yield the file of all pieces, on the disk. Raises `FileRefused`, `PartialUpload.DoesNotExist` for lost pieces."""
    path = storage.incoming() / f"upload-{uuid4().hex}"
    file = SpooledFile(path, name=upload.name, content_type=upload.content_type)
    try:
        _join(upload, file)
        yield file
    finally:
        if file.is_left:
            file.forget()


def _join(upload: PartialUpload, file: SpooledFile) -> None:
    try:
        for piece in storage.bytes_of(upload.pieces):
            file.add(piece)
            if file.is_due:
                file.write_out()
        file.finish()
    except FileNotFoundError as error:  # another request has finished it, or a backup has no pieces
        raise PartialUpload.DoesNotExist from error
    except OSError as error:
        raise errors.not_stored(error) from error


def drop(upload: PartialUpload, now: datetime) -> None:
    """Give up the upload: from now on nobody goes on with it, and no request that has begun already."""
    with transaction.atomic():
        PartialUpload.objects.filter(pk=upload.pk).update(expires_at=F("created_at"))
        schedule(FilesJob.EXPIRE, str(upload.pk), now)


def keep_there(upload: PartialUpload, now: datetime) -> None:
    """See to it that nobody gives the upload up until the caller's transaction ends. Raises `Gone`."""
    hold(PartialUpload.objects.filter(expires_at__gt=now), upload.pk)


def erase(upload_id: str, now: datetime) -> None:
    """Delete an upload that has expired, with its pieces. Raises `OSError`."""
    expired = PartialUpload.objects.filter(pk=upload_id, expires_at__lte=now).first()
    if expired:
        storage.remove(*expired.pieces)
        expired.delete()


def _same(begun: PartialUpload, announced: Announced) -> PartialUpload:
    if begun.size != announced.size:
        raise errors.other_file()
    return begun


def _make_place(sender: User, now: datetime) -> None:
    """Of too many uploads, the one that was silent for longest goes, in the caller's transaction. Raises `TooFast`."""
    begun = list(PartialUpload.objects.filter(sender=sender, expires_at__gt=now).order_by("touched_at"))
    if len(begun) < MOST_OPEN:
        return
    if now - begun[0].touched_at < SILENT:
        raise errors.too_many_at_once()
    drop(begun[0], now)


def _create(announced: Announced, owner_id: UUID, sender: User, now: datetime) -> PartialUpload:
    upload = PartialUpload.objects.create(
        owner_id=owner_id,
        sender=sender,
        client_id=announced.client_id,
        name=file_names.plain(announced.name) or "file",
        content_type=announced.content_type,
        shot=announced.shot,
        still=announced.still,
        size=announced.size,
        created_at=now,
        touched_at=now,
        expires_at=now + LIFETIME,
    )
    schedule(FilesJob.EXPIRE, str(upload.pk), upload.expires_at)
    return upload


def _take_back(key: str) -> None:
    with suppress(OSError):  # the sweep will
        storage.remove(key)
