"""Take in a file: check, clean, store; then the row, in the caller's transaction."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db import connection

from autodoctor.accounts.models import User
from autodoctor.files import blanking, errors, file_names, file_types, images, storage
from autodoctor.files.file_types import FileType
from autodoctor.files.models import StoredFile
from autodoctor.files.office_metadata import Locked

Upload: TypeAlias = "UploadedFile[Any]"


@dataclass(frozen=True)
class Cleaned:
    """The data to store, still in the incoming folder."""

    path: Path
    thumbnail: Path | None
    name: str
    kind: str
    content_type: str
    width: int | None = None
    height: int | None = None


@contextmanager
def received(upload: Upload, *, now: datetime) -> Iterator[StoredFile]:
    """Yield the stored, unsaved file: the caller sets owner and uploader and saves it inside.

    Without a save, its objects are deleted. Enter it outside of any transaction: images take a while. Raises
    `FileRefused`.
    """
    file = take(upload, now=now)
    try:
        yield file
    except BaseException:
        _discard_unless_saved(file)
        raise
    if file._state.adding:
        _take_back(file)


def take(upload: Upload, *, now: datetime) -> StoredFile:
    """Check, clean and store; the row is not saved. Raises `FileRefused`."""
    if problem := getattr(upload, "problem", None):  # found while it arrived
        raise problem
    _lend_connection()
    try:
        with tempfile.TemporaryDirectory(dir=storage.incoming()) as folder:
            return _store(_clean(_on_disk(upload, Path(folder)), upload, Path(folder)), now)
    except OSError as error:
        raise errors.not_stored(error) from error


def save(file: StoredFile, *, owner_id: UUID, uploader: User | None) -> StoredFile:
    """Save the row, in the caller's transaction. `uploader`: None for somebody without an account."""
    file.owner_id, file.uploader = owner_id, uploader
    file.save(force_insert=True)
    return file


def _lend_connection() -> None:
    """Give the database connection back while pictures wait for each other."""
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()


def _store(cleaned: Cleaned, now: datetime) -> StoredFile:
    file = StoredFile(
        id=uuid4(),
        name=cleaned.name,
        kind=cleaned.kind,
        content_type=cleaned.content_type,
        size=cleaned.path.stat().st_size,
        width=cleaned.width,
        height=cleaned.height,
        key=storage.new_key(now),
        thumbnail_key=storage.new_key(now) if cleaned.thumbnail else "",
        created_at=now,
    )
    try:
        storage.put(cleaned.path, file.key)
        if cleaned.thumbnail:
            storage.put(cleaned.thumbnail, file.thumbnail_key)
    except BaseException:
        _take_back(file)
        raise
    return file


def _on_disk(upload: Upload, folder: Path) -> Path:
    """Return the path of the bytes; small files come in memory and are written first."""
    if hasattr(upload, "temporary_file_path"):
        return Path(upload.temporary_file_path())
    path = folder / "upload"
    with path.open("wb") as file:
        for piece in upload.chunks():
            file.write(piece)
    return path


def _clean(path: Path, upload: Upload, folder: Path) -> Cleaned:
    size = path.stat().st_size
    if size > errors.MAX_BYTES:
        raise errors.too_large()
    if not size:
        raise errors.empty()
    found = file_types.recognize(path, upload.content_type or "")
    if found is None:
        raise errors.wrong_type()
    _blank_descriptions(path, found)
    if found is file_types.TEXT:
        path = _as_utf8(path, folder)
    given = upload.name or ""
    if found.kind != StoredFile.Kind.IMAGE:
        return Cleaned(path, None, file_names.fit(given, found.suffixes), found.kind, found.content_type)
    picture, thumbnail = folder / "picture", folder / "thumbnail"
    made = images.sanitize_image(path, picture, thumbnail)
    stem = file_names.fit(given, found.suffixes).rpartition(".")[0]
    name = file_names.fit(stem + made.suffixes[0], made.suffixes)
    return Cleaned(picture, thumbnail, name, found.kind, made.content_type, made.width, made.height)


def _as_utf8(path: Path, folder: Path) -> Path:
    """Return the text in UTF-8, in which every reader is told that it is."""
    encoding = file_types.text_encoding(path)
    if encoding == "utf-8-sig":
        return path
    with (
        path.open(encoding=encoding, newline="") as source,
        (folder / "text").open("w", encoding="utf-8", newline="") as to,
    ):
        shutil.copyfileobj(source, to)
    return folder / "text"


def _blank_descriptions(path: Path, found: FileType) -> None:
    is_document = found.kind == StoredFile.Kind.DOCUMENT
    try:
        with images.turn() if is_document else nullcontext():
            blanking.blank(path, found.content_type)
    except Locked as error:
        raise errors.locked() from error
    except ValueError as error:
        raise (errors.damaged_document() if is_document else errors.damaged()) from error


def _discard_unless_saved(file: StoredFile) -> None:
    """Delete the objects of an unsaved file. They stay if the commit succeeded and its confirmation was lost."""
    if not StoredFile.objects.filter(pk=file.pk).exists():
        _take_back(file)


def _take_back(file: StoredFile) -> None:
    with suppress(OSError):  # the sweep will
        storage.remove(file.key, file.thumbnail_key)
