"""Booking over HTTP. The operations join the sessions router."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, File, Form, Schema, Status
from ninja.files import UploadedFile
from pydantic import AwareDatetime, BeforeValidator, WithJsonSchema

from autodoctor.accounts.api_auth import ANYONE, SIGNED_IN, Failure, Invalid, user_of
from autodoctor.booking import actions, vin
from autodoctor.booking.actions import AlreadyOpen
from autodoctor.booking.forms import IntakeForm
from autodoctor.files import image_worker, images
from autodoctor.payments.stripe import PaymentError
from autodoctor.rates.limits import BARCODES, CHECKOUTS
from autodoctor.rates.web import Counted
from autodoctor.sessions.models import Session
from autodoctor.sessions.web.api import SessionOut, as_answer, router

NAMES = {"trouble_codes": "codes"}  # of fields that the form calls otherwise


def _as_typed(codes: Any) -> Any:
    """Return a list of codes, as a session has them, as somebody would type them."""
    return ", ".join(codes) if isinstance(codes, list) and all(isinstance(code, str) for code in codes) else codes


_LIST_OR_TEXT = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Codes = Annotated[str, BeforeValidator(_as_typed), WithJsonSchema(_LIST_OR_TEXT)]


class VehicleIn(Schema):
    """A VIN, or year, make and model."""

    vin: str = Field("", max_length=40)
    year: int | None = None
    make: str = Field("", max_length=40)
    model: str = Field("", max_length=60)
    mileage: int | None = None


class IntakeIn(Schema):
    plan: str = Field(description="The plan's address, such as `chat`")
    vehicle: VehicleIn
    concern: str = Field(description="10 to 2,000 characters")
    codes: Codes = Field("", description="Trouble codes as typed or as a list: at most 12, in at most 500 characters")
    safe: bool = Field(description="Somewhere safe: must be true")
    waiver: bool = Field(description="Understood the limits of remote advice: must be true")
    keep_card: bool = Field(False, description="Keep the card for extending this session")
    ask_for: UUID | None = Field(None, description="A mechanic's id: the request is theirs alone first")
    ask_only: bool = Field(False, description="Nobody else may have it: without them it ends, and the hold is released")
    ask_until: AwareDatetime | None = Field(
        None, description="Until when it is theirs alone; without it for as long as the rules say"
    )
    another: bool = Field(False, description="Book although another session is open")
    token: UUID | None = Field(
        None, description="An id of your own for this intake. Repeating the id returns the same session."
    )


class Booked(Schema):
    session: SessionOut
    checkout_url: str


class OpenSessionFailure(Failure):
    session: SessionOut


@router.post(
    "/sessions",
    response={
        201: Booked,
        401: Failure,
        403: Failure,
        409: OpenSessionFailure,
        422: Invalid,
        429: Failure,
        503: Failure,
    },
    auth=SIGNED_IN,
    throttle=Counted(CHECKOUTS),
    tags=["booking"],
)
def book(request: HttpRequest, body: IntakeIn) -> Status[dict[str, Any]]:
    """Create a draft from an intake, and return where to pay. The price is the plan's."""
    user = user_of(request)
    form = IntakeForm(_as_form_data(body), user=user)
    if not form.is_valid():
        fields = {NAMES.get(name, name): str(errors[0]) for name, errors in form.errors.items()}
        return Status(422, {"error": "invalid", "detail": _("Please check your input."), "fields": fields})
    now = timezone.now()
    try:
        session = actions.book(customer=user, intake=form.intake(), another=body.another, now=now)
        url = actions.checkout_url(session=session, site=request.build_absolute_uri("/"), now=now)
    except AlreadyOpen as error:
        return Status(409, _open_session_failure(error.session))
    except PaymentError as error:
        return Status(503, {"error": "payment_unavailable", "detail": str(error.sentence)})
    return Status(201, {"session": as_answer(session), "checkout_url": url})


class VinOut(Schema):
    vin: str = Field(description="Empty: there is no VIN on this picture")
    checked: bool = Field(description="The check digit fits. Many cars outside North America carry none")


@router.post(
    "/vin",
    response={200: VinOut, 403: Failure, 413: Failure, 415: Failure, 422: Invalid, 429: Failure, 503: Failure},
    auth=ANYONE,
    throttle=Counted(BARCODES),
    tags=["booking"],
)
def read_vin(
    request: HttpRequest,
    frame: File[UploadedFile | None] = None,
    text: Annotated[str, Form(max_length=image_worker.MOST_CHARACTERS)] = "",
) -> dict[str, Any]:
    """Read the VIN in a barcode: Code 39, Data Matrix or QR. Nothing is kept.

    `frame`: a picture of the barcode, a JPEG or PNG of at most 256 KB and 2.5 million pixels. `text`: what the browser
    has read in the barcode itself.
    """
    found = vin.in_barcodes([text, *(images.barcodes_in(frame.read()) if frame else ())])
    decoded = vin.decode(found)
    return {"vin": found, "checked": bool(decoded and decoded.checked)}


def _as_form_data(body: IntakeIn) -> dict[str, Any]:
    return {
        "plan": body.plan,
        "safe": "yes" if body.safe else "no",
        "concern": body.concern,
        "trouble_codes": body.codes,
        "waiver": body.waiver,
        "keep_card": body.keep_card,
        "token": body.token,
        "ask_for": body.ask_for,
        "ask_only": "only" if body.ask_only else "",
        "ask_until": body.ask_until and body.ask_until.isoformat(),
        **body.vehicle.dict(),
    }


def _open_session_failure(session: Session) -> dict[str, Any]:
    detail = _("You already have a session open. Send “another” to book one more.")
    return {"error": "session_open", "detail": detail, "session": as_answer(session)}
