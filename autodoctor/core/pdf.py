"""PDF documents in one design. User text goes in as data, never as markup; nothing is fetched."""

import json
import re
import shutil
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

STYLE = Path(__file__).parent / "pdf.typ"
LETTER_ZONES = ("America/", "US/", "Canada/")  # countries without A4 paper
LONG_WORD = re.compile(r"\S{25,}")
BREAKS_EVERY = 8  # characters of a word that is longer than a line may be
ZERO_WIDTH_SPACE = "\u200b"
PICTOGRAPH = re.compile("[\U0001f000-\U0001faff]")
JOINERS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def typeset(template: Path, data: Mapping[str, Any], *, made_at: datetime, pictures: Path | None = None) -> bytes:
    """Typeset the template, which imports `pdf.typ`, with this data; files in `pictures` are at the root.

    Besides its own fields, the data holds those of `pdf.typ`: title, author, heading, dated, footer, and `words.kind`.
    """
    with TemporaryDirectory(prefix="paper-") as folder:
        root = Path(folder)
        for file in (STYLE, template, *(pictures.iterdir() if pictures else ())):
            shutil.copyfile(file, root / file.name)
        (root / "data.json").write_text(json.dumps(_with_style(data)))
        page = root / template.name
        return typst.compile(page, root=root, font_paths=_fonts(), timestamp=int(made_at.timestamp()))


def as_set(text: str) -> str:
    """Prepare text for typesetting: no control characters, breakable long words, pictures for characters without a
    font.
    """
    clean = "".join(char for char in text if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"})
    if not _draws_pictographs():
        clean = PICTOGRAPH.sub(_name, JOINERS.sub("", clean))
    return LONG_WORD.sub(lambda word: _breakable(word[0]), clean)


def prose(text: str) -> dict[str, Any]:
    """Split user text into paragraphs of lines, with their direction."""
    paragraphs = [part.strip("\n").split("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]
    return {"rtl": _is_rtl(text), "paragraphs": [[as_set(line) for line in lines] for lines in paragraphs]}


def _with_style(data: Mapping[str, Any]) -> dict[str, Any]:
    in_america = timezone.get_current_timezone_name().startswith(LETTER_ZONES)
    words = {"page": _("Page"), "of": _("of"), **data["words"]}
    language = (get_language() or "en").partition("-")[0]
    return {"language": language, "paper": "us-letter" if in_america else "a4", **data, "words": words}


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts: those inside the library first, so that documents look the same everywhere, then the
    system's.
    """
    return typst.Fonts(include_system_fonts=True)


def _is_rtl(text: str) -> bool:
    """Decide by the first letter that has a direction."""
    strong = (unicodedata.bidirectional(char) for char in text)
    return next((direction for direction in strong if direction in {"L", "R", "AL"}), "L") != "L"


def _breakable(word: str) -> str:
    pieces = (word[start : start + BREAKS_EVERY] for start in range(0, len(word), BREAKS_EVERY))
    return ZERO_WIDTH_SPACE.join(pieces)


@cache
def _draws_pictographs() -> bool:
    return any("emoji" in family.lower() for family in _fonts().families())


def _name(pictograph: re.Match[str]) -> str:
    return f"[{unicodedata.name(pictograph[0], 'pictograph').lower()}]"
