"""The device check over HTTP: report the result, and measure the upload speed."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Schema, Status

from autodoctor.accounts.api_auth import ANYONE, SIGNED_IN, Failure, user_of
from autodoctor.core import credentials
from autodoctor.core.errors import Refused
from autodoctor.rates.limits import DEVICE_CHECKS, MEASUREMENTS
from autodoctor.rates.web import Counted
from autodoctor.sessions.lifecycle import preflight
from autodoctor.sessions.lifecycle.preflight import Checkup, Mode, Outcome
from autodoctor.sessions.web.api import FAILURES, SessionOut, as_answer, router

Milliseconds = Annotated[float | None, Field(None, ge=0, le=60_000, allow_inf_nan=False)]
Kilobits = Annotated[float | None, Field(None, ge=0, le=100_000_000, allow_inf_nan=False, description="Per second")]


class Checks(Schema):
    camera: Outcome
    microphone: Outcome
    speaker: Outcome
    network: Outcome


class Network(Schema):
    """A figure that was not measured is null; `relay_kbit` is 0 if the relay is required and unreachable."""

    rtt_ms: Milliseconds
    jitter_ms: Milliseconds
    loss_percent: Annotated[float | None, Field(None, ge=0, le=100, allow_inf_nan=False)]
    up_kbit: Kilobits
    relay_kbit: Kilobits


class PreflightIn(Schema):
    mode: Mode = Field(description="How the participant joins. `chat` before the start turns the session into a chat.")
    checks: Checks
    network: Network


@router.post(
    "/sessions/{uuid:session_id}/preflight",
    response={200: SessionOut, **FAILURES},
    auth=SIGNED_IN,
    throttle=Counted(DEVICE_CHECKS),
    tags=["calls"],
)
def report_preflight(request: HttpRequest, session_id: UUID, body: PreflightIn) -> dict[str, Any]:
    """Report your device check. The other participant sees it. Repeating the same result changes nothing."""
    if body.mode is Mode.CHAT and credentials.is_phone(request):
        raise Refused("not_on_a_phone", _("Switch to chat on your computer: it changes the price."), 403)
    checkup = Checkup(
        mode=body.mode.value,
        checks={name: outcome.value for name, outcome in body.checks},
        network={name: None if figure is None else round(figure, 1) for name, figure in body.network},
    )
    return as_answer(
        preflight.report_preflight(session_id=session_id, by=user_of(request), checkup=checkup, now=timezone.now())
    )


@router.post(
    "/check/upload",
    response={204: None, 403: Failure, 413: Failure, 429: Failure},
    auth=ANYONE,
    throttle=Counted(MEASUREMENTS),
    tags=["calls"],
)
def receive_and_forget(request: HttpRequest) -> Status[None]:
    """Receive up to 256 KB to measure the upload speed. Answered when all bytes have arrived; nothing is stored."""
    return Status(204, None)
