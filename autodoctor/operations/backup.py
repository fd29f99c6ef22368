"""Database and files together, in one directory, while people use them.

The database first, then the files that its rows name: they never change, so that each is what the rows meant. A file
that its owner removes meanwhile may be gone; the rows of those are marked when they are restored.
"""

import tomllib
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Q

from autodoctor.files import storage
from autodoctor.files.models import StoredFile
from autodoctor.operations import manifest
from autodoctor.operations.databases import Contents, database, is_empty, server_version
from autodoctor.operations.manifest import BackupError, Manifest, Said


def take(directory: Path, *, say: Said) -> Manifest:
    """Raises `BackupError`; what was written until then stays, and is refused by `restore`."""
    if is_empty():
        raise BackupError("The database is empty: there is nothing to keep. Does DATABASE_URL name the right one?")
    _make_room(directory)
    source = database()
    say("Reading the database …")
    contents = source.dump(directory / source.file)
    sums, size, lost = _copy_files(directory, contents.keys, say=say)
    removed = _removed(lost)
    sums = {source.file: manifest.digest_of(directory / source.file)} | sums
    made = _manifest(directory, contents, sums, size, removed=removed, missing=sorted(set(lost) - set(removed)))
    manifest.write(directory, made)
    return made


def _make_room(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        raise BackupError(f"{directory} is not empty: each backup has a directory of its own.")
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)  # a backup holds what nobody else may read


def _copy_files(directory: Path, keys: list[str], *, say: Said) -> tuple[dict[str, str], int, list[str]]:
    """Return the checksums by name, the bytes, and the keys without an object."""
    root = directory / manifest.FILES
    for folder in {key.partition("/")[0] for key in keys}:
        (root / folder).mkdir(parents=True)

    def copied(key: str) -> tuple[str, int] | None:
        try:
            with storage.open_object(key) as source:
                return manifest.copy(source, root / key)
        except FileNotFoundError:
            return None

    results = dict(manifest.side_by_side(copied, keys, say=say, did="files copied"))
    there = {key: result for key, result in results.items() if result}
    sums = {f"{manifest.FILES}/{key}": digest for key, (digest, _) in there.items()}
    return sums, sum(size for _, size in there.values()), [key for key, result in results.items() if not result]


def _removed(lost: list[str]) -> list[str]:
    """Return those of these keys whose files have been removed since the database was read."""
    rows = StoredFile.objects.filter(Q(key__in=lost) | Q(thumbnail_key__in=lost), removed_at=None)
    still_named = {key for row in rows.values_list("key", "thumbnail_key") for key in row}
    return sorted(set(lost) - still_named)


def _manifest(
    directory: Path, contents: Contents, sums: dict[str, str], size: int, *, removed: list[str], missing: list[str]
) -> Manifest:
    return Manifest(
        taken_at=contents.taken_at.isoformat(),
        version=version(),
        vendor=connection.vendor,
        server=server_version(),
        database=database().file,
        migrations=contents.migrations,
        counts=contents.counts,
        files=len(sums) - 1,
        bytes=size,
        removed=removed,
        missing=missing,
        sums=manifest.write_sums(directory, sums),
    )


def version() -> str:
    """Return the version of this program."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return str(project["version"])
