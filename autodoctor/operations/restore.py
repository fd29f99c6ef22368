"""A backup comes back: everything is checked first, then come the files, then the database, all or nothing."""

import shutil
from datetime import datetime
from pathlib import Path

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import Q

from autodoctor.files import storage
from autodoctor.files.models import StoredFile
from autodoctor.operations import databases, manifest
from autodoctor.operations.manifest import BackupError, Manifest, Said


def bring_back(directory: Path, *, overwrite: bool, say: Said) -> Manifest:
    """Raises `BackupError`. `overwrite`: what stands in the database is replaced."""
    made = manifest.read(directory)
    _check_program(made)
    if not overwrite:
        _check_empty()
    keys = manifest.check_sums(directory, made, say=say)
    _restore_files(directory, keys, say=say)
    say("Writing the database …")
    databases.database().restore(directory / made.database)
    _mark_removed(made)
    _check_counts(made)
    return made


def pending_migrations(made: Manifest) -> list[str]:
    """Return the migrations of this program that the backup has not seen."""
    return sorted(_of_this_program() - set(made.migrations))


def _check_program(made: Manifest) -> None:
    if made.vendor != connection.vendor:
        raise BackupError(f"The backup is of {made.vendor}, DATABASE_URL names {connection.vendor}.")
    if unknown := sorted(set(made.migrations) - _of_this_program()):
        raise BackupError(
            f"The backup is of version {made.version}, which knows more than this program: "
            f"{manifest.few(unknown)}. Restore it with that version."
        )


def _of_this_program() -> set[str]:
    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}


def _check_empty() -> None:
    if not databases.is_empty():
        raise BackupError("The database is not empty: name an empty one, or give --overwrite to replace what is there.")
    if any(storage.keys_of(hour) for hour in storage.hours()):
        raise BackupError("The file store is not empty: name an empty one, or give --overwrite to add to it.")


def _restore_files(directory: Path, keys: list[str], *, say: Said) -> None:
    there = {key for hour in storage.hours() for key in storage.keys_of(hour)}

    def put(key: str) -> None:
        if key in there:
            storage.remove(key)
        copy = storage.incoming() / f"restored-{key.replace('/', '-')}"
        shutil.copyfile(directory / manifest.FILES / key, copy)
        try:
            storage.put(copy, key)
        finally:
            copy.unlink(missing_ok=True)

    for _ in manifest.side_by_side(put, keys, say=say, did="files restored"):
        pass


def _mark_removed(made: Manifest) -> None:
    gone = Q(key__in=made.removed) | Q(thumbnail_key__in=made.removed)
    StoredFile.objects.filter(gone, removed_at=None).update(removed_at=datetime.fromisoformat(made.taken_at))


def _check_counts(made: Manifest) -> None:
    now = databases.counts()
    if wrong := sorted(table for table, count in made.counts.items() if now.get(table) != count):
        raise BackupError(
            f"Rows are missing after the restore, in {manifest.few(wrong)}. Do not start with this database."
        )
