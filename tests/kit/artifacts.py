"""What tests keep from run to run in `.artifacts`, until the code changes."""

import fcntl
import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / ".artifacts"
KEPT = 24 * 60 * 60  # seconds


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold the lock of this name; other workers wait for it."""
    ARTIFACTS.mkdir(exist_ok=True)
    with (ARTIFACTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def fingerprint() -> str:
    """Return what tells this code, tests left out, and the versions of its libraries, from all others."""
    code = (path for path in sorted((ROOT / "autodoctor").rglob("*.py")) if "tests" not in path.parts)
    sources = [*code, ROOT / "requirements.txt"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def forget_old(pattern: str) -> None:
    for old in ARTIFACTS.glob(pattern):
        if old.stat().st_mtime < time.time() - KEPT:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
