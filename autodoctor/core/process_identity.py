"""Who this process is, for leases: a random name, and a lock that the operating system lets go of when it dies.

Host and process number name nothing: two containers may have one host name, and each has a process 1. A file in the
data directory has the random name and is locked as long as its process lives. Processes on other file systems do not
see the file: of them nothing is known, and their leases lapse by themselves.
"""

import fcntl
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

FORGOTTEN_AFTER_SECONDS = 24 * 60 * 60  # much longer than any lease
_own: dict[str, int] = {}  # our name, and the open file that holds its lock


def identity() -> str:
    """Return the name of this process: 16 letters, the same as long as the process lives."""
    if not _own:
        _forget_the_long_dead()
        name = secrets.token_hex(8)
        _own[name] = _lock(_folder() / name)
    return next(iter(_own))


def is_dead(name: str) -> bool:
    """Return whether that process has certainly died; False for one of which nothing is known here."""
    if name in _own or not _is_name(name):
        return False
    try:
        file = os.open(_folder() / name, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return _is_free(file)
    finally:
        os.close(file)


def _begin_anew() -> None:
    """A fork is another process, and must not hold the lock of its parent."""
    for file in _own.values():
        os.close(file)
    _own.clear()


os.register_at_fork(after_in_child=_begin_anew)


def _folder() -> Path:
    folder: Path = settings.DATA / "processes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _lock(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def _is_free(file: int) -> bool:
    """Shared, so that two who ask at once do not take each other for the holder."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_name(name: str) -> bool:
    return len(name) == 16 and set(name) <= set("0123456789abcdef")


def _forget_the_long_dead() -> None:
    for path in _folder().iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - FORGOTTEN_AFTER_SECONDS and is_dead(path.name):
                path.unlink()
