"""What a workshop reads of a car: what its owner chose, without names, without the chat, and without any price.

The mechanic wrote for the owner and may have called them by their name: names of both are taken out of all words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

from django.utils.translation import gettext as _

from autodoctor.booking.models import Vehicle, VehicleSession
from autodoctor.core import acting
from autodoctor.files.models import StoredFile
from autodoctor.garage.advice import OPEN_SHOWN
from autodoctor.garage.models import Advice, SharedLink
from autodoctor.sessions.models import Session
from autodoctor.summaries.models import Summary

SUMMARIES_SHOWN = 5
SHORTEST_NAME = 3  # letters: shorter ones are words
INSTEAD = "[…]"
HYPHENS, APOSTROPHES = "-\u2010\u2011", "'\u2019\u02bc"  # keyboards write one name in different ways
_ALIKE = {char: f"[{alike}]" for alike in (HYPHENS, APOSTROPHES) for char in alike}


@dataclass(frozen=True)
class ToldSummary:
    """A summary without names."""

    submitted_at: datetime
    safe: str
    safe_words: str
    safe_why: str
    findings: str
    steps: str
    next_steps: str
    corrections: list[str]


@dataclass(frozen=True)
class ToldPart:
    name: str
    number: str
    quantity: int


@dataclass(frozen=True)
class WorkshopPage:
    """Everything that the page shows: nothing is read later."""

    link: SharedLink
    car: str
    vin: str
    mileage: int | None
    summaries: list[ToldSummary]
    steps: list[str]
    parts: list[ToldPart]
    files: list[StoredFile]

    @property
    def pictures(self) -> list[StoredFile]:
        return [file for file in self.files if file.kind == StoredFile.Kind.IMAGE]

    @property
    def documents(self) -> list[StoredFile]:
        return [file for file in self.files if file.kind != StoredFile.Kind.IMAGE]


@acting.system
def page_of(link: SharedLink) -> WorkshopPage:
    car = link.car
    steps, parts = _advice(car) if link.shows_advice else ([], [])
    return WorkshopPage(
        link=link,
        car=car.words if link.shows_vin else car.described or _("A car"),
        vin=car.vin if link.shows_vin else "",
        mileage=car.mileage if link.shows_mileage else None,
        summaries=_summaries(car) if link.shows_summaries else [],
        steps=steps,
        parts=parts,
        files=files_of(link),
    )


@acting.system
def files_of(link: SharedLink) -> list[StoredFile]:
    """Return the files that the owner chose, without those that were removed since."""
    return list(link.files.filter(removed_at=None).order_by("-created_at", "id"))


def without_names(text: str, names: Iterable[str]) -> str:
    """Return the text without these people's names, whole and in parts, as whole words written like them."""
    parts = {part for name in names for part in _parts(normalize("NFC", name)) if len(part) >= SHORTEST_NAME}
    if not parts:
        return text
    either = "|".join(map(_pattern, sorted(parts, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)(?:{either})(?!\w)", INSTEAD, normalize("NFC", text))


def _parts(name: str) -> list[str]:
    """Return the name, its words, and what hyphens join in them."""
    return [name, *name.split(), *re.split(rf"[{HYPHENS}\s]+", name)]


def _pattern(part: str) -> str:
    return "".join(_ALIKE.get(char) or re.escape(char) for char in part)


def _summaries(car: Vehicle) -> list[ToldSummary]:
    about = VehicleSession.objects.filter(vehicle=car, session__summarized_at__isnull=False).order_by("-booked_at")
    latest = list(about.values_list("session_id", flat=True)[:SUMMARIES_SHOWN])
    found = Summary.objects.filter(pk__in=latest).select_related("session__customer", "session__mechanic")
    ordered = sorted(found.prefetch_related("corrections"), key=lambda summary: latest.index(summary.pk))
    return [_told(summary) for summary in ordered]


def _told(summary: Summary) -> ToldSummary:
    names = _names(summary.session)
    texts = {
        name: without_names(getattr(summary, name), names) for name in ("safe_why", "findings", "steps", "next_steps")
    }
    return ToldSummary(
        submitted_at=summary.submitted_at,
        safe=summary.safe,
        safe_words=summary.get_safe_display(),
        corrections=[without_names(each.text, names) for each in summary.corrections.all()],
        **texts,
    )


def _advice(car: Vehicle) -> tuple[list[str], list[ToldPart]]:
    """Return the steps and the parts that are open, the newest first."""
    given = Advice.objects.filter(car=car, done_at=None).order_by("-given_at", "position", "id")
    people = "summary__session__customer", "summary__session__mechanic"
    steps: list[str] = []
    parts: list[ToldPart] = []
    for each in given.select_related("part", *people)[:OPEN_SHOWN]:
        words = without_names(each.words, _names(each.summary.session))
        if each.part:
            parts.append(ToldPart(words, each.part.number, each.part.quantity))
        else:
            steps.append(words)
    return steps, parts


def _names(session: Session) -> list[str]:
    return [person.name for person in (session.customer, session.mechanic) if person]
