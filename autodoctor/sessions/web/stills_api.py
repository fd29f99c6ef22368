"""Photos on demand over HTTP: the customer's consent, the mechanic's request, and what came of it."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema, Status

from autodoctor.accounts.api_auth import SIGNED_IN, user_of
from autodoctor.rates.limits import STILLS
from autodoctor.rates.web import Counted
from autodoctor.sessions.event_data import StillData
from autodoctor.sessions.lifecycle import stills
from autodoctor.sessions.models import stamp
from autodoctor.sessions.web.api import FAILURES, SessionOut, as_answer, body_if_any, router


class CameraIn(Schema):
    allowed: bool = Field(strict=True)


class StillIn(Schema):
    client_id: UUID | None = Field(None, description="An id of your own. Sending the same id again asks for one photo.")


class StillOut(Schema):
    id: UUID = Field(description="The photo is the file whose event carries this id in `still`")
    at: str
    expires_at: str = Field(
        description="Another photo can be asked for from then on, or once this one has come or failed"
    )


class StillFailureIn(Schema):
    why: stills.StillFailure


@router.post(
    "/sessions/{uuid:session_id}/stills/consent",
    response={200: SessionOut, **FAILURES},
    auth=SIGNED_IN,
    tags=["calls"],
)
def answer_camera(request: HttpRequest, session_id: UUID, body: CameraIn) -> dict[str, Any]:
    """Allow the mechanic, as the customer, to take photos with your camera and to use its light and zoom, or refuse."""
    session = stills.answer_camera(session_id=session_id, by=user_of(request), allowed=body.allowed, now=timezone.now())
    return as_answer(session)


@router.post(
    "/sessions/{uuid:session_id}/stills",
    response={201: StillOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(STILLS),
    tags=["calls"],
)
def request_still(request: HttpRequest, session_id: UUID) -> Status[dict[str, Any]]:
    """Ask the customer's page, as the mechanic, for a photo in full resolution. It comes as a file of the session.

    A JSON body with `client_id` is optional. 403 `not_allowed` without the customer's consent; 409 while the last photo
    is awaited (`still_open`), the customer is away, or there is no call.
    """
    still_id = body_if_any(request, StillIn).client_id or uuid4()
    event = stills.request_still(session_id=session_id, by=user_of(request), still_id=still_id, now=timezone.now())
    expires_at = event.data_as(StillData)["expires_at"]
    return Status(201, {"id": still_id, "at": stamp(event.at), "expires_at": expires_at})


@router.post(
    "/sessions/{uuid:session_id}/stills/{uuid:still_id}/failure",
    response={204: None, **FAILURES},
    auth=SIGNED_IN,
    tags=["calls"],
)
def report_failure(request: HttpRequest, session_id: UUID, still_id: UUID, body: StillFailureIn) -> Status[None]:
    """Say, as the customer's page, that it cannot take the photo, so that the mechanic need not wait."""
    stills.report_failure(
        session_id=session_id, by=user_of(request), still_id=still_id, why=body.why, now=timezone.now()
    )
    return Status(204, None)
