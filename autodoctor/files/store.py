"""Where the bytes are: a directory or S3, behind Django's storages API. Objects are written whole or not at all."""

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from storages.backends.s3 import S3Storage


def storage() -> Storage:
    return storages["files"]


def is_directory() -> bool:
    """Our own disk, so that we serve the bytes ourselves."""
    return isinstance(storage(), FileSystemStorage)


def incoming() -> Path:
    """Where files are made before they are stored; what a crash leaves there is swept."""
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def new_key(now: datetime) -> str:
    """Nobody can guess it; it begins with the hour, so that a sweep knows where to look."""
    return f"{now:%Y%m%d%H}/{secrets.token_hex(16)}"


def put(path: Path, key: str) -> None:
    """Store this file, which goes away or stays as it suits the store. Raises `OSError` when there is no space."""
    with path.open("rb") as file:
        os.fsync(file.fileno())  # what is confirmed survives a power cut
        storage().save(key, _OnDisk(file))


def remove(*keys: str) -> None:
    """Objects that are not there are gone already."""
    for key in filter(None, keys):
        storage().delete(key)


def open_object(key: str) -> BinaryIO:
    return cast(BinaryIO, storage().open(key, "rb"))


class _OnDisk(File):  # type: ignore[type-arg]
    """Tells a directory that the file may be moved instead of copied."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def presigned(key: str, *, seconds: int, content_type: str, disposition: str) -> str:
    """The store's own address of the object, for that long, answered with just these headers."""
    parameters = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
    s3 = cast(S3Storage, storage())
    return str(s3.url(key, parameters=parameters, expire=seconds))
