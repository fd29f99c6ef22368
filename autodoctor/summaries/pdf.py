"""A summary as PDF."""

from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image

from autodoctor.core import links
from autodoctor.core.formatting import document_moment
from autodoctor.core.pdf import as_set, look_up, prose, typeset
from autodoctor.files.listing import open_file
from autodoctor.files.models import StoredFile
from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.formatting import format_duration
from autodoctor.summaries.content import PartLine
from autodoctor.summaries.document import Document

TEMPLATE = Path(__file__).parent / "typst" / "summary.typ"
PHOTO_PIXELS = 1200  # the longer side: 300 dots an inch at the width of half a page
SMALLER_PIXELS = (PHOTO_PIXELS, 800, 500)  # as large as fits a mail
PHOTO_QUALITY = 82


def fitting(document: Document, *, time_zone: str, most_bytes: int) -> bytes | None:
    """Return the PDF with the largest photos that fit; None if nothing fits. Raises `OSError`."""
    for pixels in SMALLER_PIXELS if document.photos else SMALLER_PIXELS[:1]:
        content = render(document, time_zone=time_zone, photo_pixels=pixels)
        if len(content) <= most_bytes:
            return content
    return None


def render(document: Document, *, time_zone: str, photo_pixels: int = PHOTO_PIXELS) -> bytes:
    """Return the PDF, with times in this zone. Raises `OSError` if a photo cannot be read."""
    with timezone.override(ZoneInfo(time_zone)):
        names = {f"{file.id}-{photo_pixels}.jpg": file for file in document.photos}
        photos = [{"path": f"/{name}", "name": as_set(file.name)} for name, file in names.items()]
        pictures = {name: partial(_photo, file, photo_pixels) for name, file in names.items()}
        made_at = document.submitted_at or document.session.created_at
        return typeset(TEMPLATE, _data(document) | {"photos": photos}, made_at=made_at, pictures=pictures)


def _photo(file: StoredFile, pixels: int) -> bytes:
    """Return a copy that is small enough to print and to mail."""
    with open_file(file) as stored:
        return as_jpeg(stored, pixels)


def as_jpeg(stored: BinaryIO, pixels: int) -> bytes:
    """Return a picture as JPEG on white, its longer side at most `pixels`."""
    made = BytesIO()
    with Image.open(stored) as picture:
        picture.thumbnail((pixels, pixels))
        flat = picture.convert("RGBA")
        sheet = Image.new("RGB", flat.size, "white")
        sheet.paste(flat, mask=flat)
        sheet.save(made, "JPEG", quality=PHOTO_QUALITY)
    return made.getvalue()


def _data(document: Document) -> dict[str, Any]:
    session, content = document.session, document.content
    about = document.vehicle or session.plan_name
    look_up(about, content.safe_why, content.findings, content.steps, content.next_steps, session.customer.name)
    return {
        "words": _words(),
        "title": _("Summary: %(vehicle)s") % {"vehicle": about},
        "author": document.mechanic.name,
        "heading": as_set(about),
        "dated": _dated(document),
        "facts": _facts(document),
        "safe": {"answer": content.safe, "words": document.safe_words, "why": prose(content.safe_why)},
        "corrections": [
            {"dated": document_moment(each.written_at), "text": prose(each.text)} for each in document.corrections
        ],
        "sections": [
            {"title": _("Findings"), "text": prose(content.findings)},
            {"title": _("Steps performed"), "text": prose(content.steps)},
            {"title": _("Next steps"), "text": prose(content.next_steps)},
        ],
        "parts": [_part(part, session.currency) for part in content.parts],
        "total": format_cents(document.total_cents, session.currency) if document.has_prices else None,
        "note": _note(document),
        "closing": _(
            "This is remote advice, based on what the mechanic could see and hear. You find "
            "the session, the chat and all files here:"
        ),
        "address": links.absolute(links.summary_page(session.id)),
        "footer": as_set(f"{settings.SELLER_NAME} · {about} · {session.customer.name}"[:90]),
    }


def _words() -> dict[str, str]:
    return {
        "kind": _("Written summary"),
        "corrections": _("Corrections"),
        "parts": _("Parts"),
        "part": _("Part"),
        "number": _("Part number"),
        "quantity": _("Qty"),
        "each": _("Each"),
        "total": _("Total"),
        "sum": _("Parts, about"),
        "photos": _("Photos"),
    }


def _dated(document: Document) -> str:
    return document_moment(document.submitted_at) if document.submitted_at else _("Preview")


def _facts(document: Document) -> list[dict[str, str]]:
    session = document.session
    facts = {
        _("Customer"): session.customer.name,
        _("Mechanic"): "\n".join(filter(None, [document.mechanic.name, document.headline])),
        _("Session"): f"{session.plan_name}, {format_duration(document.used_seconds)}",
        _("Took place"): document_moment(session.started_at),
        _("Lost time"): document.lost_time,
        _("VIN"): document.vin,
        _("Mileage"): intcomma(document.mileage) if document.mileage is not None else "",
    }
    return [{"label": label, "value": as_set(value)} for label, value in facts.items() if value]


def _part(part: PartLine, currency: str) -> dict[str, str]:
    each = "–" if part.price_cents is None else format_cents(part.price_cents, currency)
    total = "–" if part.total_cents is None else format_cents(part.total_cents, currency)
    return {
        "name": as_set(part.name),
        "number": as_set(part.number),
        "quantity": str(part.quantity),
        "each": each,
        "total": total,
    }


def _note(document: Document) -> str | None:
    if not document.has_prices:
        return None
    if document.lacks_prices:
        return _("Prices are the mechanic’s estimates, without labor. The total leaves out parts without a price.")
    return _("Prices are the mechanic’s estimates, without labor.")
