"""The content of a summary: checked, and as typed. Amounts in integer cents, per piece."""

from dataclasses import dataclass
from typing import TypedDict
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

TEXT_MAX, WHY_MAX, CORRECTION_MAX = 4000, 1000, 4000  # characters
PART_NAME_MAX, PART_NUMBER_MAX = 120, 60  # characters
QUANTITY_MAX = 999
PRICE_MAX_CENTS = 10_000_000
PARTS_MAX, PHOTOS_MAX, CORRECTIONS_MAX = 50, 20, 50


class Safe(TextChoices):
    """Whether the customer may drive."""

    YES = "yes", _("Safe to drive")
    CARE = "care", _("Drive with care")
    NO = "no", _("Not safe to drive")


@dataclass(frozen=True)
class PartLine:
    name: str
    number: str
    quantity: int
    price_cents: int | None  # None: the mechanic did not guess

    @property
    def total_cents(self) -> int | None:
        return None if self.price_cents is None else self.price_cents * self.quantity


@dataclass(frozen=True)
class Content:
    """A summary that can be submitted."""

    findings: str
    steps: str
    next_steps: str
    safe: str
    safe_why: str
    parts: tuple[PartLine, ...] = ()
    photos: tuple[UUID, ...] = ()  # ids of the session's files, in the order on the page


class TypedPart(TypedDict):
    name: str
    number: str
    quantity: str
    price: str


class Typed(TypedDict):
    """The form as it was left, valid or not."""

    findings: str
    steps: str
    next_steps: str
    safe: str
    safe_why: str
    parts: list[TypedPart]
    photos: list[str]


def blank() -> Typed:
    return Typed(findings="", steps="", next_steps="", safe="", safe_why="", parts=[], photos=[])


def texts_of(typed: Typed) -> dict[str, str]:
    """Return the text fields by name."""
    return {
        "findings": typed["findings"],
        "steps": typed["steps"],
        "next_steps": typed["next_steps"],
        "safe": typed["safe"],
        "safe_why": typed["safe_why"],
    }


def cells_of(part: TypedPart) -> list[str]:
    return [part["name"], part["number"], part["quantity"], part["price"]]
