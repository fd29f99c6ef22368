"""A summary for readers: page, preview, mail and PDF. Amounts in integer cents."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from autodoctor.accounts.models import User
from autodoctor.files.models import StoredFile
from autodoctor.sessions import lost_time
from autodoctor.sessions.models import Session
from autodoctor.sessions.rules.settlement import used_seconds
from autodoctor.summaries.content import Content, Safe
from autodoctor.summaries.models import Correction, Summary


@dataclass(frozen=True)
class Document:
    """`submitted_at` is None in the preview."""

    session: Session
    content: Content
    photos: list[StoredFile]
    submitted_at: datetime | None = None
    corrections: list[Correction] = field(default_factory=list)

    @property
    def vehicle(self) -> str:
        """Return the vehicle in words, "2014 Volvo V60", as far as it is known."""
        return " ".join(str(part) for part in map(self._about_vehicle, ("year", "make", "model")) if part)

    @property
    def vin(self) -> str:
        return str(self._about_vehicle("vin") or "")

    @property
    def mileage(self) -> int | None:
        mileage: int | None = self._about_vehicle("mileage")
        return mileage

    @property
    def mechanic(self) -> User:
        """Return the mechanic; every completed session has one."""
        return cast(User, self.session.mechanic)

    @property
    def headline(self) -> str:
        profile = getattr(self.mechanic, "mechanic_profile", None)
        return profile.headline if profile else ""

    @property
    def safe_words(self) -> str:
        return str(Safe(self.content.safe).label)

    @property
    def total_cents(self) -> int:
        """Return the total of the parts with an estimated price, in cents."""
        return sum(part.total_cents or 0 for part in self.content.parts)

    @property
    def has_prices(self) -> bool:
        return any(part.price_cents is not None for part in self.content.parts)

    @property
    def lacks_prices(self) -> bool:
        return any(part.price_cents is None for part in self.content.parts)

    @property
    def used_seconds(self) -> int:
        return used_seconds(self.session)

    @property
    def lost_time(self) -> str:
        """Return the time that the session has lost, in words; empty if nothing was lost."""
        return lost_time.words(self.session)

    def _about_vehicle(self, name: str) -> Any:
        return self.session.vehicle.get(name)


def of(summary: Summary) -> Document:
    return Document(
        session=summary.session,
        content=summary.content,
        photos=[photo.file for photo in summary.photos.select_related("file")],
        submitted_at=summary.submitted_at,
        corrections=list(summary.corrections.select_related("author")),
    )


def preview(session: Session, content: Content) -> Document:
    """Return the document as it will be after submission."""
    files = StoredFile.objects.in_bulk(content.photos)
    return Document(session, content, [files[file_id] for file_id in content.photos if file_id in files])
