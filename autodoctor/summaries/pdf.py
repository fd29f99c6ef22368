"""A summary as PDF. What people wrote goes in as data, never as markup; nothing is fetched from anywhere."""

import json
import re
import shutil
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import typst
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from PIL import Image

from autodoctor.files.listing import open_file
from autodoctor.files.models import StoredFile
from autodoctor.payments.words import money
from autodoctor.sessions.words import span
from autodoctor.summaries.content import PartLine
from autodoctor.summaries.document import Document

TEMPLATE = Path(__file__).parent / "typst" / "summary.typ"
PHOTO_PIXELS = 1200  # the longer side: 300 dots an inch at the width of half a page
PHOTO_QUALITY = 82
LETTER_ZONES = ("America/", "US/", "Canada/")  # where paper is not A4
LONG_WORD = re.compile(r"\S{25,}")
BREAKS_EVERY = 8  # characters of a word that is longer than a line may be
ZERO_WIDTH_SPACE = "\u200b"
PICTOGRAPH = re.compile("[\U0001f000-\U0001faff]")
JOINERS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def render(document: Document, *, time_zone: str) -> bytes:
    """The whole document, with times in this zone. Raises `OSError` when a photo cannot be read just now."""
    with timezone.override(ZoneInfo(time_zone)), TemporaryDirectory(prefix="summary-") as folder:
        root = Path(folder)
        photos = [_photo(file, root / f"{number}.jpg") for number, file in enumerate(document.photos)]
        data = _data(document) | {"photos": photos, "paper": _paper(time_zone)}
        (root / "data.json").write_text(json.dumps(data))
        return _compile(root, document.submitted_at or document.session.created_at)


def _compile(root: Path, made_at: datetime) -> bytes:
    template = root / TEMPLATE.name
    shutil.copyfile(TEMPLATE, template)
    return typst.compile(template, root=root, font_paths=_fonts(), timestamp=int(made_at.timestamp()))


@cache
def _fonts() -> typst.Fonts:
    """Those inside the library come first: it looks the same everywhere. The system's fill in what they lack."""
    return typst.Fonts(include_system_fonts=True)


def _paper(time_zone: str) -> str:
    return "us-letter" if time_zone.startswith(LETTER_ZONES) else "a4"


def _photo(file: StoredFile, path: Path) -> dict[str, str]:
    """A copy small enough to print and to mail."""
    with open_file(file) as stored, Image.open(stored) as picture:
        picture.thumbnail((PHOTO_PIXELS, PHOTO_PIXELS))
        flat = picture.convert("RGBA")
        sheet = Image.new("RGB", flat.size, "white")
        sheet.paste(flat, mask=flat)
        sheet.save(path, "JPEG", quality=PHOTO_QUALITY)
    return {"path": f"/{path.name}", "name": _set(file.name)}


def _data(document: Document) -> dict[str, Any]:
    session, content = document.session, document.content
    return {
        "language": (get_language() or "en").partition("-")[0],
        "words": _words(),
        "title": _("Summary: %(vehicle)s") % {"vehicle": document.vehicle or session.plan_name},
        "author": document.mechanic.name,
        "heading": _set(document.vehicle or session.plan_name),
        "dated": _dated(document),
        "facts": _facts(document),
        "safe": {"answer": content.safe, "words": document.safe_words, "why": _prose(content.safe_why)},
        "corrections": [
            {"dated": _moment(each.written_at), "text": _prose(each.text)} for each in document.corrections
        ],
        "sections": [
            {"title": _("Findings"), "text": _prose(content.findings)},
            {"title": _("Steps performed"), "text": _prose(content.steps)},
            {"title": _("Next steps"), "text": _prose(content.next_steps)},
        ],
        "parts": [_part(part, session.currency) for part in content.parts],
        "total": money(document.total_cents, session.currency) if document.has_prices else None,
        "note": _note(document),
        "closing": _(
            "Advice from afar, by what could be seen and heard. The session, its chat and all files are kept here:"
        ),
        "address": f"{settings.SITE_URL}/sessions/{session.id}/summary/",
        "footer": _set(f"The Auto Doctor · {document.vehicle or session.plan_name} · {session.customer.name}"[:90]),
    }


def _words() -> dict[str, str]:
    return {
        "kind": _("Written summary"),
        "page": _("Page"),
        "of": _("of"),
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
    return _moment(document.submitted_at) if document.submitted_at else _("Preview")


def _facts(document: Document) -> list[dict[str, str]]:
    session = document.session
    facts = {
        _("Customer"): session.customer.name,
        _("Mechanic"): "\n".join(filter(None, [document.mechanic.name, document.headline])),
        _("Session"): f"{session.plan_name}, {span(document.used_seconds)}",
        _("Took place"): _moment(session.started_at) if session.started_at else "",
        _("VIN"): document.vin,
        _("Mileage"): intcomma(document.mileage) if document.mileage else "",
    }
    return [{"label": label, "value": _set(value)} for label, value in facts.items() if value]


def _part(part: PartLine, currency: str) -> dict[str, str]:
    each = "–" if part.price_cents is None else money(part.price_cents, currency)
    total = "–" if part.total_cents is None else money(part.total_cents, currency)
    return {
        "name": _set(part.name),
        "number": _set(part.number),
        "quantity": str(part.quantity),
        "each": each,
        "total": total,
    }


def _note(document: Document) -> str | None:
    if not document.has_prices:
        return None
    if document.lacks_prices:
        return _("Prices are the mechanic’s guess, without labour; parts without one are not in the sum.")
    return _("Prices are the mechanic’s guess, without labour.")


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i T")


def _prose(text: str) -> dict[str, Any]:
    paragraphs = [part.strip("\n").split("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]
    return {"rtl": _is_rtl(text), "paragraphs": [[_set(line) for line in lines] for lines in paragraphs]}


def _is_rtl(text: str) -> bool:
    """By its first letter that has a direction."""
    strong = (unicodedata.bidirectional(char) for char in text)
    return next((direction for direction in strong if direction in {"L", "R", "AL"}), "L") != "L"


def _set(text: str) -> str:
    """As it can be set: no control characters, long words with places to break, pictures that no font has named."""
    clean = "".join(char for char in text if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"})
    if not _draws_pictographs():
        clean = PICTOGRAPH.sub(_name, JOINERS.sub("", clean))
    return LONG_WORD.sub(lambda word: _breakable(word[0]), clean)


def _breakable(word: str) -> str:
    pieces = (word[start : start + BREAKS_EVERY] for start in range(0, len(word), BREAKS_EVERY))
    return ZERO_WIDTH_SPACE.join(pieces)


@cache
def _draws_pictographs() -> bool:
    return any("emoji" in family.lower() for family in _fonts().families())


def _name(pictograph: re.Match[str]) -> str:
    return f"[{unicodedata.name(pictograph[0], 'pictograph').lower()}]"
