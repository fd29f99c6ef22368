"""What is said in a call over HTTP. The operations join the sessions router."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, File, Form, Schema, Status
from ninja.files import UploadedFile
from pydantic import AwareDatetime

from autodoctor.accounts.api_auth import SIGNED_IN, Failure, user_of
from autodoctor.rates.limits import VOICES
from autodoctor.rates.web import Counted
from autodoctor.sessions.models import Session
from autodoctor.sessions.record import event_log
from autodoctor.sessions.web.api import FAILURES, router
from autodoctor.transcripts import consent, reading, recording
from autodoctor.transcripts.recording import Said

MOST_NUMBER = 100_000


class SaidIn(Schema):
    take: UUID = Field(description="A new id for each run of a recorder")
    number: int = Field(ge=0, le=MOST_NUMBER, description="Of the piece in its take; the same again is the same piece")
    began_at: AwareDatetime = Field(description="By the server's clock")
    seconds: float = Field(gt=0, le=recording.LONGEST_SECONDS)


class LineOut(Schema):
    at: datetime
    role: str
    name: str
    text: str


class TranscriptOut(Schema):
    stage: str = Field(description="none, recording, making, ready or failed")
    on: bool = Field(description="Both agree now")
    lines: list[LineOut]


@router.get(
    "/sessions/{uuid:session_id}/transcript", response={200: TranscriptOut, **FAILURES}, auth=SIGNED_IN, tags=["call"]
)
def show_transcript(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """Return what was said, once it is text. Chat messages are in the log."""
    session = Session.objects.get(pk=session_id)
    event_log.actor(user_of(request), session)
    lines = reading.lines_between(session, None, None)
    return {
        "stage": reading.stage_of(session).value,
        "on": consent.agreement_of(session).on_since is not None,
        "lines": [
            {"at": line.at, "role": line.voice.role, "name": line.voice.name, "text": line.text} for line in lines
        ],
    }


@router.post(
    "/sessions/{uuid:session_id}/voice",
    response={201: None, **FAILURES, 413: Failure, 415: Failure},
    auth=SIGNED_IN,
    throttle=Counted(VOICES),
    tags=["call"],
)
def take_piece(request: HttpRequest, session_id: UUID, said: Form[SaidIn], sound: File[UploadedFile]) -> Status[None]:
    """Take some seconds of your own microphone, while both agree to a transcript and the session is live."""
    recording.take_piece(
        session_id=session_id,
        by=user_of(request),
        said=Said(said.take, said.number, said.began_at, said.seconds),
        sound=sound.read(),
        now=timezone.now(),
    )
    return Status(201, None)
