"""Files that somebody sends to support, in a session or outside of one: with a form, or with a mail."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NotRequired, TypeAlias, TypedDict
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from autodoctor.accounts.models import User
from autodoctor.conversations import messages
from autodoctor.core.errors import Refused
from autodoctor.core.request_limits import HELP_FILES
from autodoctor.files import errors, ingest, listing
from autodoctor.files.ingest import Upload
from autodoctor.files.models import FileFacts, StoredFile
from autodoctor.files.multipart_stream import FILE_FIELD, Shape
from autodoctor.rates import counting, limits

MOST_AT_ONCE = HELP_FILES  # of one message
MOST_NAMED = 20  # of those that are refused
SECONDS = 60.0  # for the files of one message: a hostile picture takes 40
NOT_NOW = frozenset({503, 507})  # the store has no space or does not answer: a mail is handed over again
SHAPE = Shape(files=MOST_AT_ONCE, field_bytes=messages.LONGEST * 2 * 4, names_rest=True)


class RefusedFile(TypedDict):
    """A file that was not taken, and the sentence that says why."""

    name: str
    why: str


class EnclosedData(TypedDict):
    """What an entry of a thread keeps of the files that came with it."""

    files: NotRequired[list[FileFacts]]
    refused: NotRequired[list[RefusedFile]]


@dataclass(frozen=True)
class Enclosed:
    """What came with a message: files that are stored and not saved, and those that were refused."""

    files: Sequence[StoredFile] = ()
    refused: Sequence[RefusedFile] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.refused)

    def facts(self) -> EnclosedData:
        """Return them as the thread keeps them."""
        data = EnclosedData()
        if self.files:
            data["files"] = [file.facts() for file in self.files]
        if self.refused:
            data["refused"] = list(self.refused)
        return data


NOTHING = Enclosed()
Incoming: TypeAlias = "tuple[str, Callable[[], Upload | None]]"


@dataclass(frozen=True)
class Thread:
    """Where files go: the id that owns them, None of a thread that begins with them, and who is counted for them."""

    owner_id: UUID | None
    counted: str


def of_form(request: HttpRequest) -> list[Incoming]:
    """Return the files of a form."""
    return [(upload.name or "file", partial(_as_sent, upload)) for upload in request.FILES.getlist(FILE_FIELD)]


def _as_sent(upload: Upload) -> Upload:
    return upload


@contextmanager
def received(given: Iterable[Incoming], *, thread: Thread, now: datetime) -> Iterator[Enclosed]:
    """Yield the files as far as they can be taken, stored and not saved. Each comes with its name, and is read when it
    is its turn; None is none that can be shared.

    Enter it outside of any transaction. Raises `FileRefused` if files cannot be stored now.
    """
    until = time.monotonic() + SECONDS
    files: list[StoredFile] = []
    refused: list[RefusedFile] = []
    there = listing.count(thread.owner_id)[0] if thread.owner_id else 0
    room = min(MOST_AT_ONCE, errors.MAX_FILES - there)
    with ExitStack() as kept:
        for name, upload in given:
            try:
                _check_room(thread, has_room=len(files) < room, is_late=time.monotonic() > until, now=now)
                files.append(kept.enter_context(ingest.received(_sharable(upload()), now=now)))
            except errors.FileRefused as problem:
                if problem.status in NOT_NOW:
                    raise
                refused.append(RefusedFile(name=name, why=problem.detail))
        yield Enclosed(files, _at_most(refused))


def save(enclosed: Enclosed, *, owner_id: UUID, uploader: User | None) -> None:
    """Save the files, in the caller's transaction."""
    for file in enclosed.files:
        ingest.save(file, owner_id=owner_id, uploader=uploader)


def checked(text: str, enclosed: Enclosed) -> str:
    """Return the words of a message, which files may do without. Raises `Refused`."""
    return messages.checked(text) if text.strip() or not enclosed else ""


def unconfirmed() -> Refused:
    """Return the refusal of files of somebody who cannot be asked about them."""
    return Refused("unconfirmed", _("Add files once you have opened the link that we email to you."), 409)


def _check_room(thread: Thread, *, has_room: bool, is_late: bool, now: datetime) -> None:
    if not has_room:
        raise errors.too_many_at_a_time(MOST_AT_ONCE)
    if is_late:
        raise errors.too_late()
    if not counting.allows(limits.HELP_FILES, thread.counted, now):
        raise errors.too_many_lately()


def _sharable(upload: "Upload | None") -> Upload:
    if upload is None:
        raise errors.wrong_type()
    return upload


def _at_most(refused: list[RefusedFile]) -> list[RefusedFile]:
    more = len(refused) - MOST_NAMED
    rest = [RefusedFile(name=_("%d more") % more, why=errors.too_many_at_a_time(MOST_AT_ONCE).detail)]
    return refused[:MOST_NAMED] + rest if more > 0 else refused
