"""Attachments that come piece by piece, over HTTP. The operations join the sessions router."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Header, Schema, Status

from autodoctor.accounts.api_auth import SIGNED_IN, user_of
from autodoctor.accounts.models import User
from autodoctor.core.request_limits import PIECE_BYTES
from autodoctor.files import storage
from autodoctor.files.models import PartialUpload, StoredFile
from autodoctor.files.partial_uploads import Announced
from autodoctor.files.piece_stream import piece_of
from autodoctor.rates.limits import UPLOAD_PIECES, UPLOADS
from autodoctor.rates.web import Counted
from autodoctor.sessions.lifecycle import attachments, resumable_uploads
from autodoctor.sessions.lifecycle.resumable_uploads import Piece
from autodoctor.sessions.record.participants import read_session
from autodoctor.sessions.web.api import FAILURES, router
from autodoctor.sessions.web.files_api import UPLOAD_FAILURES, FileOut

LARGEST = 2**31 - 1  # what the column holds; the limit of files has a sentence of its own


class UploadIn(Schema):
    client_id: UUID = Field(description="Your own id for this file: the same id is the same upload, and one file")
    name: str = Field(min_length=1, max_length=255)
    size: int = Field(ge=0, le=LARGEST, description="Bytes of the whole file")
    content_type: str = Field("", max_length=100, pattern=r"^[ -~]*$")
    shot: str = Field("", pattern=r"^[a-z]{0,20}$", description="The item of the photo checklist that it answers")
    still: UUID | None = Field(None, description="The mechanic's request for a photo that it answers")


class UploadOut(Schema):
    id: UUID | None = Field(description="Null once the file is shared")
    offset: int = Field(description="How many bytes have arrived: the next piece begins here")
    size: int = Field(description="Bytes of the whole file")
    most_bytes: int = Field(description="The largest piece")
    expires_at: datetime | None = Field(description="What has arrived is deleted then")
    file: FileOut | None = Field(description="The file, once it is shared")


@router.post(
    "/sessions/{uuid:session_id}/uploads",
    response={201: UploadOut, **UPLOAD_FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(UPLOADS),
    tags=["files"],
)
def begin_upload(request: HttpRequest, session_id: UUID, given: UploadIn) -> Status[dict[str, Any]]:
    """Begin a file that comes in pieces, or ask where it stands: `offset` is where the next piece begins."""
    user, now = user_of(request), timezone.now()
    announced = Announced(**given.dict() | {"content_type": given.content_type.lower()})
    begun = resumable_uploads.begin_upload(session_id=session_id, by=user, announced=announced, now=now)
    return Status(201, _answer(begun, session_id, user, now))


@router.get(
    "/sessions/{uuid:session_id}/uploads/{uuid:upload_id}",
    response={200: UploadOut, **FAILURES},
    auth=SIGNED_IN,
    tags=["files"],
)
def show_upload(request: HttpRequest, session_id: UUID, upload_id: UUID) -> dict[str, Any]:
    """Say where your upload stands."""
    user, now = user_of(request), timezone.now()
    upload = resumable_uploads.find_upload(session_id=session_id, upload_id=upload_id, by=user, now=now)
    return _answer(upload, session_id, user, now)


@router.patch(
    "/sessions/{uuid:session_id}/uploads/{uuid:upload_id}",
    response={200: UploadOut, **UPLOAD_FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(UPLOAD_PIECES),
    tags=["files"],
)
def add_piece(
    request: HttpRequest, session_id: UUID, upload_id: UUID, upload_offset: Annotated[int, Header(ge=0, le=LARGEST)]
) -> dict[str, Any]:
    """Add the bytes of the body, which begin at `Upload-Offset`. The last ones share the file.

    What has arrived of a piece that was cut counts, from 16 KB on: ask where the upload stands, and go on there.
    """
    user, now = user_of(request), timezone.now()
    resumable_uploads.find_upload(session_id=session_id, upload_id=upload_id, by=user, now=now)
    with piece_of(request, storage.incoming() / f"upload-{uuid4().hex}") as path:
        added = resumable_uploads.add_piece(
            session_id=session_id, upload_id=upload_id, by=user, piece=Piece(path, upload_offset), now=now
        )
    return _answer(added, session_id, user, now)


@router.delete(
    "/sessions/{uuid:session_id}/uploads/{uuid:upload_id}",
    response={204: None, **FAILURES},
    auth=SIGNED_IN,
    tags=["files"],
)
def drop_upload(request: HttpRequest, session_id: UUID, upload_id: UUID) -> Status[None]:
    """Cancel your upload."""
    resumable_uploads.drop_upload(session_id=session_id, upload_id=upload_id, by=user_of(request), now=timezone.now())
    return Status(204, None)


def _answer(found: PartialUpload | StoredFile, session_id: UUID, viewer: User, now: datetime) -> dict[str, Any]:
    if isinstance(found, StoredFile):
        file = attachments.file_answer(found, read_session(session_id), viewer, now)
        return {"id": None, "offset": found.size, "size": found.size, "expires_at": None, "file": file} | _MOST
    return {
        "id": found.id,
        "offset": found.received,
        "size": found.size,
        "expires_at": found.expires_at,
        "file": None,
    } | _MOST


_MOST = {"most_bytes": PIECE_BYTES}
