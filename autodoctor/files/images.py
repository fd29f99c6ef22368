"""Decode pictures in a separate process, so that hostile pictures meet its limits instead of the server's memory."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autodoctor.files import errors, image_worker

AT_ONCE = 2  # pictures and Office files; limits the memory to twice `image_worker.MEMORY_BYTES`, for all senders
PATIENCE_SECONDS = 60.0
WORK_SECONDS = 40.0
SCRIPT = Path(image_worker.__file__)
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Picture:
    content_type: str
    suffixes: tuple[str, ...]
    width: int
    height: int


@contextmanager
def turn() -> Iterator[None]:
    """Wait for a turn with what costs memory and processor time. Raises `FileRefused` if it does not come."""
    if not _turns.acquire(timeout=PATIENCE_SECONDS):
        raise errors.busy()
    try:
        yield
    finally:
        _turns.release()


def sanitize_image(source: Path, picture: Path, thumbnail: Path) -> Picture:
    """Write the picture again, upright and without EXIF, with a thumbnail. Raises `FileRefused`, `OSError`."""
    try:
        with turn():
            done = _run(source, picture, thumbnail)
    except subprocess.TimeoutExpired as error:
        raise errors.unreadable_image() from error
    if done.returncode == image_worker.TOO_BIG:
        raise errors.oversized_image()
    if done.returncode == image_worker.DISK_FULL:
        raise errors.no_space()
    if done.returncode:
        raise errors.unreadable_image()
    facts = json.loads(done.stdout)
    is_png = facts["format"] == "PNG"
    content_type, suffixes = ("image/png", (".png",)) if is_png else ("image/jpeg", (".jpg", ".jpeg"))
    return Picture(content_type, suffixes, facts["width"], facts["height"])


def _run(*paths: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run the worker isolated: no environment and no secret, in case a decoder is taken over."""
    command = [sys.executable, "-I", str(SCRIPT), *map(str, paths)]
    return subprocess.run(command, capture_output=True, env={}, timeout=WORK_SECONDS, check=False)  # noqa: S603 our own
