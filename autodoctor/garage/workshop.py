"""What a workshop reads of a car: what its owner chose, without names, without the chat, and without any price.

The mechanic wrote for the owner and may have called them by their name: names of both are taken out of all words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize
from uuid import UUID

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
    is_cut: bool  # there are earlier summaries or advice than stand here

    @property
    def pictures(self) -> list[StoredFile]:
        return [file for file in self.files if file.kind == StoredFile.Kind.IMAGE]

    @property
    def documents(self) -> list[StoredFile]:
        return [file for file in self.files if file.kind != StoredFile.Kind.IMAGE]


@acting.system
def page_of(link: SharedLink) -> WorkshopPage:
    car = link.car
    given = _open_advice(car) if link.shows_advice else []
    steps, parts = _told_advice(given[:OPEN_SHOWN])
    summarized = _summarized(car) if link.shows_summaries else []
    return WorkshopPage(
        link=link,
        car=car.words if link.shows_vin else car.described or _("A car"),
        vin=car.vin if link.shows_vin else "",
        mileage=car.mileage if link.shows_mileage else None,
        summaries=_summaries(summarized[:SUMMARIES_SHOWN]),
        steps=steps,
        parts=parts,
        files=files_of(link),
        is_cut=len(summarized) > SUMMARIES_SHOWN or len(given) > OPEN_SHOWN,
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


def _summarized(car: Vehicle) -> list[UUID]:
    """Return the latest sessions with a summary, and one more if there are more than the page shows."""
    about = VehicleSession.objects.filter(vehicle=car, session__summarized_at__isnull=False).order_by("-booked_at")
    return list(about.values_list("session_id", flat=True)[: SUMMARIES_SHOWN + 1])


def _summaries(latest: list[UUID]) -> list[ToldSummary]:
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


def _open_advice(car: Vehicle) -> list[Advice]:
    """Return the advice that is open, the newest first, and one more if there is more than the page shows."""
    given = Advice.objects.filter(car=car, done_at=None).order_by("-given_at", "position", "id")
    people = "summary__session__customer", "summary__session__mechanic"
    return list(given.select_related("part", *people)[: OPEN_SHOWN + 1])


def _told_advice(given: list[Advice]) -> tuple[list[str], list[ToldPart]]:
    """Return the steps and the parts."""
    steps: list[str] = []
    parts: list[ToldPart] = []
    for each in given:
        words = without_names(each.words, _names(each.summary.session))
        if each.part:
            parts.append(ToldPart(words, each.part.number, each.part.quantity))
        else:
            steps.append(words)
    return steps, parts


def _names(session: Session) -> list[str]:
    return [person.name for person in (session.customer, session.mechanic) if person]
