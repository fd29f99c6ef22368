"""The file store: a directory or S3, behind Django's storages API. Objects are written atomically."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.error import HTTPError
from urllib.request import urlopen

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

from autodoctor.core.outside import release_connection
from autodoctor.core.request_limits import FILE_BYTES

if TYPE_CHECKING:  # S3 is imported on first use, because the import is slow
    from autodoctor.files.s3 import PrivateBucket


def storage() -> Storage:
    return storages["files"]


def is_directory() -> bool:
    """Return whether the store is our own disk, so that we serve the bytes ourselves."""
    return isinstance(storage(), FileSystemStorage)


def directory() -> Path:
    """Return the folder of a directory store."""
    return Path(cast(FileSystemStorage, storage()).location)


def incoming() -> Path:
    """Return the folder for uploads before they are stored; leftovers of crashes are swept."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_key(now: datetime) -> str:
    """Return an unguessable key. It begins with the hour, so that a sweep knows where to look."""
    return f"{now:%Y%m%d%H}/{secrets.token_hex(16)}"


def put(path: Path, key: str) -> None:
    """Store this file, which may be moved. Raises `OSError`: no space, or no answer."""
    with _answering(), path.open("rb") as file:
        os.fsync(file.fileno())  # a confirmed file survives a power cut
        storage().save(key, _OnDisk(file))


def remove(*keys: str) -> None:
    """Delete objects; missing objects are fine. Raises `OSError`."""
    with _answering():
        for key in filter(None, keys):
            storage().delete(key)


def open_object(key: str) -> BinaryIO:
    """Open an object. Raises `OSError`, `FileNotFoundError` for a missing one."""
    with _answering():
        return cast(BinaryIO, storage().open(key, "rb"))


def bytes_of(keys: Iterable[str]) -> Iterator[bytes]:
    """Yield the content of these objects, one after the other. Raises `OSError`, `FileNotFoundError` if one is gone."""
    with _answering():
        for key in keys:
            with storage().open(key, "rb") as file:
                yield from file.chunks()


def hours(below: str = "") -> list[str]:
    """Return the existing beginnings of keys: hours, and the folders of those who keep theirs apart."""
    return storage().listdir(below)[0] if not is_directory() or (directory() / below).exists() else []


def begin_of(hour: str, now: datetime) -> datetime:
    """Return the hour of a folder; `now`, which is never swept, for a folder that is not ours."""
    try:
        return datetime.strptime(hour, "%Y%m%d%H").replace(tzinfo=UTC)
    except ValueError:
        return now


def keys_of(hour: str) -> set[str]:
    return {f"{hour}/{name}" for name in storage().listdir(hour)[1]}


@contextmanager
def _answering() -> Iterator[None]:
    """Treat an unreachable store like an unreadable disk. Who waits for a bucket holds no connection of the pool."""
    if not is_directory():
        release_connection()
    try:
        yield
    except getattr(storage(), "failures", ()) as error:
        raise OSError(errno.EIO, "the store does not answer") from error


class _OnDisk(File):  # type: ignore[type-arg]
    """Tells a directory store that the file may be moved instead of copied."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def presigned(key: str, *, seconds: int, content_type: str, disposition: str) -> str:
    """Return the store's own signed address of the object, for that long, with just these headers."""
    parameters = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
    s3 = cast("PrivateBucket", storage())
    return str(s3.url(key, parameters=parameters, expire=seconds))


def check() -> None:
    """Raise `OSError` if nothing can be stored: unreachable, no access, or full."""
    folder = incoming()
    if shutil.disk_usage(folder).free < FILE_BYTES:
        raise OSError(errno.ENOSPC, "no space for a file")
    if is_directory():
        existing = directory() if directory().exists() else folder
        if not os.access(existing, os.R_OK | os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, "the store is closed to this process")
    else:
        with _answering():
            cast("PrivateBucket", storage()).look()


def is_open() -> bool:
    """Return whether strangers can read an object of the bucket. Raises `OSError`, or the store's failures."""
    bucket = cast("PrivateBucket", storage())
    key = f"setup/{secrets.token_hex(16)}"
    bucket.save(key, ContentFile(b"private"))
    try:
        with urlopen(bucket.url(key).partition("?")[0], timeout=10):  # noqa: S310 the address is the bucket's
            return True
    except HTTPError as refused:
        refused.close()
        return False
    finally:
        bucket.delete(key)
