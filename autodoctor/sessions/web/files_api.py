"""Attachments of a session over HTTP. The operations join the sessions router."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, File, Form, Schema, Status
from ninja.files import UploadedFile

from autodoctor.accounts.api_auth import SIGNED_IN, Failure, user_of
from autodoctor.rates.limits import UPLOADS
from autodoctor.rates.web import Counted
from autodoctor.sessions.lifecycle import attachments
from autodoctor.sessions.lifecycle.attachments import Answers
from autodoctor.sessions.record.participants import read_session
from autodoctor.sessions.web.api import FAILURES, router

UPLOAD_FAILURES = FAILURES | {413: Failure, 415: Failure, 503: Failure, 507: Failure}


class Sharer(Schema):
    id: UUID
    role: str
    name: str


class FileOut(Schema):
    id: UUID
    name: str
    kind: str = Field(description="image, audio, video, pdf, document or text")
    content_type: str
    size: int = Field(description="Bytes")
    width: int | None
    height: int | None
    shot: str | None = Field(description="The item of the photo checklist that it answers")
    asked_by: str | None = Field(description="Who asked the customer's camera for this photo")
    at: str
    by: Sharer
    url: str = Field(description="Valid for an hour at most")
    thumbnail_url: str | None
    removable: bool = Field(description="Whether you can remove the file now")


class FileList(Schema):
    files: list[FileOut]


@router.get("/sessions/{uuid:session_id}/files", response={200: FileList, **FAILURES}, auth=SIGNED_IN, tags=["files"])
def list_files(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """List attachments, newest first."""
    viewer, now = user_of(request), timezone.now()
    session = attachments.session_with_files(viewer, session_id)
    visible = attachments.list_visible(viewer, session)
    return {"files": [attachments.file_answer(file, session, viewer, now) for file in visible]}


@router.post(
    "/sessions/{uuid:session_id}/files",
    response={201: FileOut, **UPLOAD_FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(UPLOADS),
    tags=["files"],
)
def share_file(
    request: HttpRequest,
    session_id: UUID,
    file: File[UploadedFile],
    client_id: Form[UUID | None] = None,
    shot: Annotated[str, Form(pattern=r"^[a-z]{0,20}$")] = "",
    still: Form[UUID | None] = None,
) -> Status[dict[str, Any]]:
    """Share a file: up to 10 MB, 50 per session; photos, short videos and sounds, PDF, text, Office. All lose
    the place that they were made at and the names of who made them; a PDF can keep names in compressed objects.

    `shot`: the item of the photo checklist that it answers: dashboard, odometer, engine, tyre, leak or sound.
    `still`: the mechanic's request for a photo that it answers, from the customer.
    """
    user, now = user_of(request), timezone.now()
    shared = attachments.share_file(
        session_id=session_id, by=user, upload=file, now=now, client_id=client_id, answers=Answers(shot, still)
    )
    return Status(201, attachments.file_answer(shared, read_session(session_id), user, now))


@router.delete(
    "/sessions/{uuid:session_id}/files/{uuid:file_id}",
    response={204: None, **FAILURES},
    auth=SIGNED_IN,
    tags=["files"],
)
def remove_file(request: HttpRequest, session_id: UUID, file_id: UUID) -> Status[None]:
    """Remove your own file while you may share, unless the summary shows it."""
    attachments.remove_file(session_id=session_id, file_id=file_id, by=user_of(request), now=timezone.now())
    return Status(204, None)
