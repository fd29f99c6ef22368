"""The room over HTTP: post a message without a socket, and get relay servers."""

from concurrent.futures import TimeoutError as NoAnswer
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema

from autodoctor.accounts.api_auth import SIGNED_IN, Failure, Invalid, user_of
from autodoctor.core.errors import Refused, TooFast
from autodoctor.rates.limits import MESSAGES
from autodoctor.rates.web import CountedElsewhere
from autodoctor.room import relay_servers
from autodoctor.room.messages.writer import PATIENCE_SECONDS, NotPosted, writer
from autodoctor.room.wire import protocol
from autodoctor.sessions.record import participants
from autodoctor.sessions.states import CLAIMED, Kind
from autodoctor.sessions.web.api import EventOut, visible_session

router = Router(tags=["room"])
FAILURES = {401: Failure, 403: Failure, 404: Failure, 409: Failure, 422: Invalid, 429: Failure, 503: Failure}
STATUS = {"unavailable": 503, "invalid_frame": 422, "too_long": 422}


class MessageIn(Schema):
    client_id: UUID = Field(description="An id of your own. Sending the same id again posts nothing twice.")
    text: str = Field(min_length=1, max_length=protocol.MAX_TEXT)


class IceServer(Schema):
    urls: list[str]
    username: str | None = None
    credential: str | None = None


class IceServers(Schema):
    ice_servers: list[IceServer]
    relay_only: bool = Field(description="Use relay servers only (`iceTransportPolicy: relay`)")
    valid_seconds: int = Field(
        description="How long the credentials are valid for new connections. Ask again before they expire."
    )


@router.post(
    "/sessions/{uuid:session_id}/messages",
    response={200: EventOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=CountedElsewhere(MESSAGES),  # by the writer
)
def post_message(request: HttpRequest, session_id: UUID, body: MessageIn) -> Any:
    """Post a message. The answer is the event, as every socket gets it. Repeating a message returns the same event."""
    user = user_of(request)
    visible_session(user, session_id)
    if not protocol.is_sayable(body.text):
        raise refused("invalid_frame", _("This text contains characters that cannot be sent."))
    if not writer.admits(str(user.id)):
        raise TooFast(1, MESSAGES.sentence)
    posting = writer.post(
        session_id=str(session_id), user_id=str(user.id), client_id=str(body.client_id), text=body.text
    )
    try:
        frame = posting.result(timeout=PATIENCE_SECONDS * 2).frame
    except NotPosted as problem:
        if problem.code == "too_fast":
            raise TooFast(1, MESSAGES.sentence) from problem
        raise refused(problem.code, str(protocol.DETAILS[problem.code])) from problem
    except NoAnswer as problem:
        raise refused("unavailable", str(protocol.DETAILS["unavailable"])) from problem
    return HttpResponse(frame, content_type="application/json")


def refused(code: str, detail: str) -> Refused:
    status = STATUS.get(code, 409)
    return Refused(code, detail, status, field="text" if status == 422 else "")


@router.get("/sessions/{uuid:session_id}/ice-servers", response={200: IceServers, **FAILURES}, auth=SIGNED_IN)
def list_ice_servers(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """Return relay servers with fresh credentials, because credentials expire.

    Only for the customer and the mechanic of a call, from the acceptance to the end.
    """
    user = user_of(request)
    session = visible_session(user, session_id)
    if user.id not in participants.party_ids(session):
        raise Refused("not_a_party", _("Only the customer and the mechanic can do this."), 403)
    if session.state not in CLAIMED:
        raise Refused("no_call", _("There is no call in this session now."))
    # A page may ask in the moment in which its call becomes a chat.
    servers = [] if session.kind == Kind.CHAT else relay_servers.ice_servers(user_id=str(user.id), now=timezone.now())
    return {"ice_servers": servers, "relay_only": settings.TURN_ONLY, "valid_seconds": settings.TURN_TTL}
