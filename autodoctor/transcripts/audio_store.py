"""The sound in the file store, below a folder of its own: nothing there is older than a day, whatever happens."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from autodoctor.files import storage

FOLDER = "voices"
KEPT = timedelta(hours=24)  # from its arrival on, at the latest
SPARE = timedelta(hours=2)  # a folder holds an hour, and is removed once all of it is too old


@contextmanager
def kept(sound: bytes, now: datetime) -> Iterator[str]:
    """Store the sound and yield its key. It is removed again if the block fails."""
    key = f"{FOLDER}/{storage.new_key(now)}"
    with tempfile.NamedTemporaryFile(dir=storage.incoming(), delete=False) as file:
        file.write(sound)
    path = Path(file.name)
    try:
        storage.put(path, key)
    finally:
        path.unlink(missing_ok=True)
    try:
        yield key
    except BaseException:
        with suppress(OSError):  # the sweep will
            storage.remove(key)
        raise


def fetch(key: str, to: Path) -> bool:
    """Copy the sound into a file. Returns False if it is gone. Raises `OSError` if the store does not answer."""
    try:
        with storage.open_object(key) as sound:
            to.write_bytes(sound.read())
    except FileNotFoundError:
        return False
    return True


def sweep(now: datetime) -> int:
    """Remove every sound that is too old, also without a row. Returns how many there were."""
    swept = 0
    for hour in storage.hours(FOLDER):
        if storage.begin_of(hour, now) <= now - KEPT - SPARE:
            keys = storage.keys_of(f"{FOLDER}/{hour}")
            storage.remove(*keys)
            swept += len(keys)
    return swept
