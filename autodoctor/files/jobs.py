"""Job handlers of files: delete removed files and expired uploads, forget those of a deleted owner, sweep objects
without a row.
"""

import shutil
import time
from datetime import datetime, timedelta
from itertools import chain

from autodoctor.files import partial_uploads, storage
from autodoctor.files.listing import FilesJob
from autodoctor.files.models import PartialUpload, StoredFile
from autodoctor.scheduler.handlers import Handler, always
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job

YOUNG = timedelta(hours=2)  # an upload may still be on its way into its row
LOOK_BACK = timedelta(days=3)


def erase(job: Job, now: datetime) -> None:
    file = StoredFile.objects.filter(pk=job.key).first()  # None: its owner was forgotten meanwhile, with its bytes
    if file and file.removed_at:
        storage.remove(file.key, file.thumbnail_key)


def forget(job: Job, now: datetime) -> None:
    """Delete what an owner left behind: nothing knows its files any more."""
    for file in StoredFile.objects.filter(owner_id=job.key).exclude(removed_at=None):
        storage.remove(file.key, file.thumbnail_key)
        file.delete()


def sweep(now: datetime) -> int:
    """Delete objects without a row and leftovers of crashed uploads; returns how many there were."""
    return _sweep_store(now) + _sweep_incoming()


def _sweep_store(now: datetime) -> int:
    swept = 0
    for hour in storage.hours():
        if now - LOOK_BACK <= storage.begin_of(hour, now) < now - YOUNG:
            keys = storage.keys_of(hour)
            orphans = keys - _known(keys)
            storage.remove(*orphans)
            swept += len(orphans)
    return swept


def _known(keys: set[str]) -> set[str]:
    there = StoredFile.objects.filter(removed_at=None)
    originals = there.filter(key__in=keys).values_list("key", flat=True)
    thumbnails = there.filter(thumbnail_key__in=keys).values_list("thumbnail_key", flat=True)
    pieces = chain.from_iterable(PartialUpload.objects.values_list("pieces", flat=True))
    return {*originals, *thumbnails, *pieces}


def _sweep_incoming() -> int:
    """Sweep by the file system's times."""
    swept = 0
    for path in storage.incoming().iterdir():
        if path.stat().st_mtime < time.time() - YOUNG.total_seconds():
            swept += 1
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    return swept


def _expire(job: Job, now: datetime) -> None:
    partial_uploads.erase(job.key, now)


def _sweep(job: Job, now: datetime) -> None:
    sweep(now)


JOBS: dict[str, Handler] = {
    FilesJob.ERASE: Handler(erase, lane=Lane.FILES),
    FilesJob.EXPIRE: Handler(_expire, lane=Lane.FILES),
    FilesJob.FORGET: Handler(forget, lane=Lane.FILES),
    FilesJob.SWEEP: Handler(_sweep, lane=Lane.FILES, every=always(hours=1)),
}
