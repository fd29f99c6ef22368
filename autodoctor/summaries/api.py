"""Summaries over HTTP. The operations join the sessions router."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Schema, Status

from autodoctor.accounts.api_auth import SIGNED_IN, Failure, user_of
from autodoctor.core.errors import Refused
from autodoctor.core.parsing import parse_uuid
from autodoctor.files.listing import files_of, url_of
from autodoctor.files.models import StoredFile
from autodoctor.payments.formatting import plain_amount
from autodoctor.sessions.lifecycle import summaries
from autodoctor.sessions.models import Session
from autodoctor.sessions.web.api import FAILURES, router
from autodoctor.summaries import actions, document
from autodoctor.summaries import content as bounds
from autodoctor.summaries.access import find, writes
from autodoctor.summaries.content import Safe, Typed, TypedPart, texts_of
from autodoctor.summaries.document import Document
from autodoctor.summaries.forms import PartForm, SummaryForm
from autodoctor.summaries.models import Draft


class PartIn(Schema):
    name: str = Field(min_length=1, max_length=bounds.PART_NAME_MAX)
    number: str = Field("", max_length=bounds.PART_NUMBER_MAX)
    quantity: int = Field(1, ge=1, le=bounds.QUANTITY_MAX)
    price_cents: int | None = Field(None, ge=0, le=bounds.PRICE_MAX_CENTS, description="Estimated price of one piece")


class SummaryIn(Schema):
    findings: str = Field(min_length=1, max_length=bounds.TEXT_MAX)
    steps: str = Field(min_length=1, max_length=bounds.TEXT_MAX)
    next_steps: str = Field(min_length=1, max_length=bounds.TEXT_MAX)
    safe: Safe = Field(description="Safe to drive: yes, care or no")
    safe_why: str = Field("", max_length=bounds.WHY_MAX, description="Required unless the answer is yes")
    parts: list[PartIn] = Field([], max_length=bounds.PARTS_MAX)
    photos: list[UUID] = Field([], max_length=bounds.PHOTOS_MAX, description="Images among the session's files")


class PartOut(Schema):
    name: str
    number: str
    quantity: int | None
    price_cents: int | None


class PhotoOut(Schema):
    id: UUID
    name: str
    url: str = Field(description="Valid for an hour at most")
    thumbnail_url: str


class CorrectionOut(Schema):
    number: int
    text: str
    written_at: datetime


class SummaryOut(Schema):
    session_id: UUID
    submitted_at: datetime | None = Field(description="Null: a draft that only the mechanic sees")
    findings: str
    steps: str
    next_steps: str
    safe: str
    safe_why: str
    parts: list[PartOut]
    total_cents: int = Field(description="Total of the parts that have a price")
    photos: list[PhotoOut]
    corrections: list[CorrectionOut]


class Already(Failure):
    summary: SummaryOut | None = Field(None, description="The version that counts")


@router.get(
    "/sessions/{uuid:session_id}/summary", response={200: SummaryOut, **FAILURES}, auth=SIGNED_IN, tags=["summary"]
)
def show_summary(request: HttpRequest, session_id: UUID) -> dict[str, Any]:
    """Return the submitted summary; before that, the draft for its mechanic only."""
    session, role = find(user_of(request), session_id)
    if session.summarized_at:
        return _submitted(document.of(session.summary))
    if not writes(session, role):
        raise Http404
    return _draft(Draft.objects.select_related("session").get(session=session))


@router.post(
    "/sessions/{uuid:session_id}/summary",
    response={201: SummaryOut, **FAILURES, 409: Already},
    auth=SIGNED_IN,
    tags=["summary"],
)
def submit_summary(request: HttpRequest, session_id: UUID, body: SummaryIn) -> Status[dict[str, Any]]:
    """Submit the summary, once, as the mechanic, when the session is over. The customer gets a mail."""
    user = user_of(request)
    photos = files_of(session_id).filter(kind=StoredFile.Kind.IMAGE).values_list("id", flat=True)
    currency = Session.objects.filter(id=session_id).values_list("currency", flat=True).first() or "usd"
    form = SummaryForm(_typed(body, currency), currency=currency, photos_offered=photos)
    try:
        summaries.check_writing(session_id=session_id, by=user)
        if not form.is_valid():
            return Status(422, {"error": "invalid", "detail": _("Please check your input."), "fields": form.problems()})
        summary = actions.submit(session_id=session_id, by=user, content=form.content(), now=timezone.now())
    except Refused as error:
        if error.code != "already_submitted":
            raise
        first = document.of(find(user, session_id)[0].summary)
        return Status(409, error.as_error() | {"summary": _submitted(first)})
    return Status(201, _submitted(document.of(summary)))


def _typed(body: SummaryIn, currency: str) -> Typed:
    return Typed(
        findings=body.findings,
        steps=body.steps,
        next_steps=body.next_steps,
        safe=body.safe.value,
        safe_why=body.safe_why,
        parts=[
            TypedPart(
                name=part.name,
                number=part.number,
                quantity=str(part.quantity),
                price="" if part.price_cents is None else plain_amount(part.price_cents, currency),
            )
            for part in body.parts
        ],
        photos=[str(file_id) for file_id in body.photos],
    )


def _submitted(shown: Document) -> dict[str, Any]:
    now = timezone.now()
    return {
        "session_id": shown.session.id,
        "submitted_at": shown.submitted_at,
        **{name: getattr(shown.content, name) for name in SummaryForm.base_fields},
        "parts": [vars(part) for part in shown.content.parts],
        "total_cents": shown.total_cents,
        "photos": [_photo(file, now) for file in shown.photos],
        "corrections": [
            {"number": each.number, "text": each.text, "written_at": each.written_at} for each in shown.corrections
        ],
    }


def _draft(draft: Draft) -> dict[str, Any]:
    typed: Typed = draft.typed
    parts = [_typed_part(part, draft.session.currency) for part in typed["parts"]]
    chosen = filter(None, map(parse_uuid, typed["photos"]))  # as sent by the form, which is not checked yet
    photos = files_of(draft.session_id).filter(pk__in=chosen, kind=StoredFile.Kind.IMAGE)
    return {
        "session_id": draft.session_id,
        "submitted_at": None,
        **texts_of(typed),
        "parts": parts,
        "total_cents": sum((part["quantity"] or 0) * (part["price_cents"] or 0) for part in parts),
        "photos": [_photo(file, timezone.now()) for file in photos],
        "corrections": [],
    }


def _typed_part(typed: TypedPart, currency: str) -> dict[str, Any]:
    """Convert a part as far as it is complete."""
    form = PartForm(dict(typed), currency=currency)
    form.is_valid()
    quantity, price = form.cleaned_data.get("quantity"), form.cleaned_data.get("price")
    return {"name": typed["name"], "number": typed["number"], "quantity": quantity, "price_cents": price}


def _photo(file: StoredFile, now: datetime) -> dict[str, Any]:
    thumbnail = url_of(file, now, thumbnail=True)
    return {"id": file.id, "name": file.name, "url": url_of(file, now), "thumbnail_url": thumbnail}
