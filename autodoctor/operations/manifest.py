"""What a backup's directory holds, and the proof that it is whole.

`SHA256SUMS` names every other file, as `sha256sum --check` reads it. `manifest.json` is written last: a directory
without it is a backup that was cut.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

FORMAT = 1
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
FILES = "files"
AT_ONCE = 8  # files that are read or written side by side: a bucket answers slowly, but many at once
KEY = re.compile(r"[\w-]+/[\w-]+")  # no name of a backup leads out of a directory
LINE = re.compile(r"([0-9a-f]{64})  (.+)")
CHUNK = 1024 * 1024  # bytes
Said = Callable[[str], None]
T = TypeVar("T")
R = TypeVar("R")


class BackupError(Exception):
    """What is wrong, in sentences for the person at the terminal."""


@dataclass(frozen=True)
class Manifest:
    """`removed`: objects that their owners removed while the backup ran; `missing`: objects that were lost before."""

    taken_at: str  # ISO 8601, the moment that the database shows
    version: str
    vendor: str  # of the database, as Django names it
    server: str  # the database server's version
    database: str  # the name of its file
    migrations: list[str]
    counts: dict[str, int]  # rows by table
    files: int
    bytes: int  # of all files
    removed: list[str]
    missing: list[str]
    sums: str  # SHA-256 of `SHA256SUMS`
    format: int = FORMAT


def write(directory: Path, manifest: Manifest) -> None:
    """Write it so that it is there as a whole, after everything else is on the disk."""
    os.sync()
    begun = directory / f"{MANIFEST}.part"
    with begun.open("w") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    begun.rename(directory / MANIFEST)
    os.sync()


def read(directory: Path) -> Manifest:
    """Raises `BackupError`."""
    path = directory / MANIFEST
    if not path.exists():
        raise BackupError(f"{directory} is not a whole backup: it has no {MANIFEST}, which is written last.")
    try:
        given: dict[str, Any] = json.loads(path.read_text())
        known = given["format"] == FORMAT and given.keys() == {field.name for field in fields(Manifest)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{path} cannot be read: {error}.") from error
    if not known:
        raise BackupError(f"{path} has another format: restore it with the version that made it.")
    return Manifest(**given)


def write_sums(directory: Path, sums: dict[str, str]) -> str:
    """Write the checksums by name; returns the checksum of that list."""
    path = directory / SUMS
    path.write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    return digest_of(path)


def check_sums(directory: Path, manifest: Manifest, *, say: Said) -> list[str]:
    """Check every file against its checksum; returns the keys of the store's objects. Raises `BackupError`."""
    if not (directory / SUMS).exists() or digest_of(directory / SUMS) != manifest.sums:
        raise BackupError(f"{directory / SUMS} is missing or was changed: this is not the backup that was made.")
    lines = [LINE.fullmatch(line) for line in (directory / SUMS).read_text().splitlines()]
    sums = {found[2]: found[1] for found in lines if found}
    keys = [name.removeprefix(f"{FILES}/") for name in sums if name != manifest.database]
    if manifest.database not in sums or len(keys) != manifest.files or not all(map(KEY.fullmatch, keys)):
        raise BackupError(f"{directory / SUMS} does not name what {MANIFEST} counts.")

    def is_whole(name: str) -> bool:
        path = directory / name
        return path.exists() and digest_of(path) == sums[name]

    wrong = [name for name, whole in side_by_side(is_whole, sums, say=say, did="files checked") if not whole]
    if wrong:
        raise BackupError(
            f"{len(wrong):,} of {len(sums):,} files are missing or were changed since the backup was made: "
            f"{few(wrong)}. Take another backup."
        )
    return keys


def side_by_side(do: Callable[[T], R], these: Iterable[T], *, say: Said, did: str) -> Iterable[tuple[T, R]]:
    """Do it to each, several at once; yields each with its result, in order, and says how far it is."""
    waiting = list(these)
    step = max(100, len(waiting) // 20)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, (one, result) in enumerate(zip(waiting, pool.map(do, waiting), strict=True), start=1):
            if number % step == 0 or number == len(waiting):
                say(f"{number:,} of {len(waiting):,} {did}")
            yield one, result


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy(source: BinaryIO, into: Path) -> tuple[str, int]:
    """Copy to a new file that only we read; returns checksum and bytes."""
    digest, size = hashlib.sha256(), 0
    with into.open("xb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            size += file.write(chunk)
    return digest.hexdigest(), size


def few(names: list[str]) -> str:
    """Return the first names in words."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more" if len(names) > 5 else shown
