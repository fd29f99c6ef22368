"""Trouble codes over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from autodoctor.accounts.api_auth import Invalid
from autodoctor.trouble_codes.explanation import Explanation, explanations_in
from autodoctor.trouble_codes.reading import MOST_CHARACTERS
from autodoctor.trouble_codes.structure import Origin, System
from autodoctor.trouble_codes.table import Urgency

router = Router(tags=["trouble codes"])


class ExplanationOut(Schema):
    code: str
    failure_type: str = Field(description="Two characters behind the code, or empty")
    system: System
    origin: Origin
    title: str
    urgency: Urgency | None = Field(description="Null: we do not know the code")
    checks: list[str]


@router.get("/codes", response={200: list[ExplanationOut], 422: Invalid}, auth=None)
def explain_codes(
    request: HttpRequest, text: Annotated[str, Query(max_length=MOST_CHARACTERS)]
) -> list[dict[str, Any]]:
    """Find trouble codes in a text, at most 12, and explain each."""
    return [_as_answer(card) for card in explanations_in(text)]


def _as_answer(card: Explanation) -> dict[str, Any]:
    return {**asdict(card), **asdict(card.code), "title": str(card.title)}
