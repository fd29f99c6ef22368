"""Decode pictures in a separate process, so that hostile pictures meet its limits instead of the server's memory."""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autodoctor.core.request_limits import FRAME_BYTES
from autodoctor.files import errors, image_worker

AT_ONCE = 2  # pictures and Office files; limits the memory to twice `image_worker.MEMORY_BYTES`, for all senders
PATIENCE_SECONDS = 60.0
WORK_SECONDS = 40.0
SCRIPT = Path(image_worker.__file__)
MAX_FRAME_BYTES = FRAME_BYTES
FRAME_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n")
FRAMES_AT_ONCE = 1  # of a process; each takes `image_worker.FRAME_MEMORY_BYTES` at most
FRAME_PATIENCE_SECONDS = 1.0
FRAME_SECONDS = 6.0
_turns = threading.BoundedSemaphore(AT_ONCE)
_frame_turns = threading.BoundedSemaphore(FRAMES_AT_ONCE)


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
            done = _run("sanitize", source, picture, thumbnail, seconds=WORK_SECONDS)
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


def barcodes_in(frame: bytes) -> list[str]:
    """Return the texts of the barcodes in one frame of a camera, a JPEG or PNG of at most `MAX_FRAME_BYTES`.

    Raises `FileRefused`: for anything else, and at once where another frame is being read, because the camera has
    already made a newer one.
    """
    if len(frame) > MAX_FRAME_BYTES:
        raise errors.oversized_image()
    if not frame.startswith(FRAME_SIGNATURES):
        raise errors.unreadable_image()
    with _turn_of_a_frame(), tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "frame"
        source.write_bytes(frame)
        try:
            done = _run("barcodes", source, seconds=FRAME_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise errors.unreadable_image() from error
    if done.returncode == image_worker.TOO_BIG:
        raise errors.oversized_image()
    if done.returncode:
        raise errors.unreadable_image()
    return [str(text) for text in json.loads(done.stdout)]


@contextmanager
def _turn_of_a_frame() -> Iterator[None]:
    """Frames have a turn of their own: whoever floods the server with them keeps no upload waiting."""
    if not _frame_turns.acquire(timeout=FRAME_PATIENCE_SECONDS):
        raise errors.busy_camera()
    try:
        yield
    finally:
        _frame_turns.release()


def _run(task: str, *paths: Path, seconds: float) -> "subprocess.CompletedProcess[bytes]":
    """Run the worker isolated: no environment and no secret, in case a decoder is taken over."""
    command = [sys.executable, "-I", str(SCRIPT), task, *map(str, paths)]
    return subprocess.run(command, capture_output=True, env={}, timeout=seconds, check=False)  # noqa: S603 our own
