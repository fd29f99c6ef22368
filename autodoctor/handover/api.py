"""Handovers over HTTP: the laptop makes a code, answers and takes back; the phone asks."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Router, Schema, Status

from autodoctor.accounts.api_auth import ANYONE, SIGNED_IN, Failure, Invalid, user_of
from autodoctor.core import credentials, links, qr_code
from autodoctor.core.errors import Refused
from autodoctor.handover import actions, codes, devices
from autodoctor.handover.actions import Phone
from autodoctor.handover.models import Handover, Stage
from autodoctor.rates.limits import CHANGES, HANDOVER_CODES, HANDOVER_TRIES
from autodoctor.rates.web import Counted, CountedElsewhere, count_request

router = Router(tags=["handover"])
FAILURES = {401: Failure, 403: Failure, 404: Failure, 409: Failure, 422: Invalid, 429: Failure}
COOKIE_LASTS = 4 * 60 * 60  # seconds; what it opens ends with the session, at the latest after three hours


class CodeOut(Schema):
    code: str = Field(description="Six characters, shown in this answer only")
    address: str = Field(description="What the QR code opens on the phone")
    picture: str = Field(description="The QR code, as SVG")
    expires_at: datetime


class AnswerIn(Schema):
    handover: UUID = Field(description="The phone that is meant, as the page showed it")
    allow: bool


class AskedOut(Schema):
    state: Stage = Field(description="`asked`: wait for the confirmation; `open`: go on at `page`")
    number: int | None = Field(description="Two digits, which the computer shows, too")
    expires_at: datetime
    page: str = Field(description="The address of the session; empty before the confirmation")


@router.post(
    "/sessions/{uuid:session_id}/handover",
    response={201: CodeOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(HANDOVER_CODES),
)
def make_code(request: HttpRequest, session_id: UUID) -> Status[dict[str, Any]]:
    """Make a code that opens this session on your phone: once, for ten minutes, and only after you have confirmed it.

    An earlier code stops working.
    """
    made, code = actions.make(session_id=session_id, user=user_of(request), now=timezone.now())
    address = links.absolute(reverse("handover_code", args=[code]))
    return Status(
        201, {"code": code, "address": address, "picture": qr_code.svg(address), "expires_at": made.expires_at}
    )


@router.post("/sessions/{uuid:session_id}/handover/answer", response={204: None, **FAILURES}, auth=SIGNED_IN)
def answer_phone(request: HttpRequest, session_id: UUID, body: AnswerIn) -> Status[None]:
    """Let the phone that waits into the session, or turn it away."""
    now = timezone.now()
    actions.answer(session_id=session_id, handover_id=body.handover, user=user_of(request), allow=body.allow, now=now)
    return Status(204, None)


@router.delete("/sessions/{uuid:session_id}/handover", response={204: None, **FAILURES}, auth=SIGNED_IN)
def disconnect(request: HttpRequest, session_id: UUID) -> Status[None]:
    """Disconnect the phone, and make the code useless. The session goes on."""
    actions.end(session_id=session_id, user=user_of(request), now=timezone.now())
    return Status(204, None)


@router.post(
    "/handover/{str:code}",
    response={200: AskedOut, **FAILURES},
    auth=ANYONE,
    throttle=CountedElsewhere(HANDOVER_TRIES),
)
def ask_with_code(request: HttpRequest, code: str, response: HttpResponse) -> dict[str, Any]:
    """Ask with a code to join, and ask again how that stands. The first browser keeps the code, by a cookie."""
    token = request.COOKIES.get(credentials.phone_cookie(), "")
    typed, now = codes.normal(code), timezone.now()
    count_request(request, CHANGES if actions.is_asking(code=typed, token=token) else HANDOVER_TRIES)
    try:
        account = user_of(request) if request.user.is_authenticated else None
        phone = Phone(token, devices.in_words(request.headers.get("User-Agent", "")), account)
        handover, kept = actions.ask(code=typed, phone=phone, now=now)
    except Handover.DoesNotExist:
        sentence = _("This code does not work. A code opens once, within ten minutes. Make a new one on your computer.")
        raise Refused("no_code", sentence, 404) from None
    if kept != token:
        _keep(response, kept)
    return _asked(handover, Stage.OPEN if account else handover.stage(now))


def _asked(handover: Handover, stage: Stage) -> dict[str, Any]:
    page = links.room_page(handover.session_id) if stage is Stage.OPEN else ""
    return {"state": stage, "number": handover.number, "expires_at": handover.expires_at, "page": page}


def _keep(response: HttpResponse, token: str) -> None:
    secure = credentials.phone_cookie().startswith("__Host-")
    response.set_cookie(
        credentials.phone_cookie(), token, max_age=COOKIE_LASTS, secure=secure, httponly=True, samesite="Lax"
    )
