"""Where the bytes are: a directory or S3, behind Django's storages API. Objects are written whole or not at all."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from autodoctor.core.request_limits import FILE_BYTES

if TYPE_CHECKING:  # S3 is loaded where it is used: it takes long
    from autodoctor.files.s3 import PrivateBucket


def storage() -> Storage:
    return storages["files"]


def is_directory() -> bool:
    """Our own disk, so that we serve the bytes ourselves."""
    return isinstance(storage(), FileSystemStorage)


def directory() -> Path:
    """Where a directory store keeps its objects."""
    return Path(cast(FileSystemStorage, storage()).location)


def incoming() -> Path:
    """Where files are made before they are stored; what a crash leaves there is swept."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_key(now: datetime) -> str:
    """Nobody can guess it; it begins with the hour, so that a sweep knows where to look."""
    return f"{now:%Y%m%d%H}/{secrets.token_hex(16)}"


def put(path: Path, key: str) -> None:
    """Store this file, which goes away or stays as it suits the store. Raises `OSError`: no space, or no answer."""
    with _answering(), path.open("rb") as file:
        os.fsync(file.fileno())  # what is confirmed survives a power cut
        storage().save(key, _OnDisk(file))


def remove(*keys: str) -> None:
    """Objects that are not there are gone already. Raises `OSError`."""
    with _answering():
        for key in filter(None, keys):
            storage().delete(key)


def open_object(key: str) -> BinaryIO:
    """Raises `OSError`, `FileNotFoundError` for one that is gone."""
    with _answering():
        return cast(BinaryIO, storage().open(key, "rb"))


def hours() -> list[str]:
    """The beginnings of keys that there are."""
    return storage().listdir("")[0] if not is_directory() or directory().exists() else []


def keys_of(hour: str) -> set[str]:
    return {f"{hour}/{name}" for name in storage().listdir(hour)[1]}


@contextmanager
def _answering() -> Iterator[None]:
    """A store that cannot be reached is like a disk that cannot be read."""
    try:
        yield
    except getattr(storage(), "failures", ()) as error:
        raise OSError(errno.EIO, "the store does not answer") from error


class _OnDisk(File):  # type: ignore[type-arg]
    """Tells a directory that the file may be moved instead of copied."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def presigned(key: str, *, seconds: int, content_type: str, disposition: str) -> str:
    """The store's own address of the object, for that long, answered with just these headers."""
    parameters = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
    s3 = cast("PrivateBucket", storage())
    return str(s3.url(key, parameters=parameters, expire=seconds))


def check() -> None:
    """Raises `OSError` where nothing could be stored: away, closed to us, or full."""
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
