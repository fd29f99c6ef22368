"""Attachments that come piece by piece: the checks of a file that comes at once, at the beginning and at the end."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from autodoctor.accounts.models import User
from autodoctor.files import partial_uploads
from autodoctor.files.errors import FileRefused
from autodoctor.files.models import PartialUpload, StoredFile
from autodoctor.files.partial_uploads import Announced
from autodoctor.sessions.lifecycle import attachments, still_requests
from autodoctor.sessions.lifecycle.attachments import Answers
from autodoctor.sessions.record.participants import read_session

HOPELESS = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}  # the same bytes fail again


@dataclass(frozen=True)
class Piece:
    """Bytes of a file on the disk, and where in the whole file they begin."""

    path: Path
    start: int


def begin_upload(*, session_id: UUID, by: User, announced: Announced, now: datetime) -> PartialUpload | StoredFile:
    """Begin an upload, return the one that was begun under this `client_id`, or the file that has become of it.

    Raises the errors of `share_file`, and `TooFast` for too many at once.
    """
    session = read_session(session_id)
    attachments.check_sharer(session, by)
    if there := attachments.shared_before(session, by, announced.client_id):
        return there
    others = partial_uploads.count_others(announced, owner_id=session_id, sender=by, now=now)
    attachments.check_room(session, on_their_way=others)
    if announced.still:
        still_requests.check(session, by, announced.still)
    return partial_uploads.begin(announced, owner_id=session_id, sender=by, now=now)


def find_upload(*, session_id: UUID, upload_id: UUID, by: User, now: datetime) -> PartialUpload:
    """Return this person's upload. Raises `DoesNotExist` for what is not theirs, and `Refused` after the end."""
    attachments.check_sharer(read_session(session_id), by)
    return partial_uploads.own(upload_id, owner_id=session_id, sender=by, now=now)


def add_piece(
    *, session_id: UUID, upload_id: UUID, by: User, piece: Piece, now: datetime
) -> PartialUpload | StoredFile:
    """Add a piece; the last one makes the upload an attachment, and so does an empty one after it.

    Raises the errors of `share_file`, and `Refused` for a piece that begins elsewhere.
    """
    upload = find_upload(session_id=session_id, upload_id=upload_id, by=by, now=now)
    partial_uploads.add(upload, piece.path, start=piece.start, now=now)
    return _share(upload, by, now) if upload.is_whole else upload


def drop_upload(*, session_id: UUID, upload_id: UUID, by: User, now: datetime) -> None:
    """Cancel this person's upload. Raises `DoesNotExist` for what is not theirs."""
    partial_uploads.drop(partial_uploads.own(upload_id, owner_id=session_id, sender=by, now=now), now)


def _share(upload: PartialUpload, by: User, now: datetime) -> StoredFile:
    try:
        with partial_uploads.whole(upload) as whole:
            file = attachments.share_file(
                session_id=upload.owner_id,
                by=by,
                upload=whole,
                now=now,
                client_id=upload.client_id,
                answers=Answers(upload.shot, upload.still),
                also=lambda: partial_uploads.keep_there(upload, now),
            )
    except (FileRefused, PartialUpload.DoesNotExist) as error:
        if not isinstance(error, FileRefused) or error.status in HOPELESS:
            partial_uploads.drop(upload, now)
        raise
    partial_uploads.drop(upload, now)
    return file
