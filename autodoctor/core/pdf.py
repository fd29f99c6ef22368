"""PDF documents in one design. User text goes in as data, never as markup; nothing is fetched."""

import json
import re
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

STYLE = Path(__file__).parent / "pdf.typ"
LETTER_ZONES = ("America/", "US/", "Canada/")  # countries without A4 paper
LONG_WORD = re.compile(r"\S{25,}")
BREAKS_EVERY = 8  # characters of a word that is longer than a line may be
ZERO_WIDTH_SPACE = "\u200b"
NEVER_MISSING = 0x530  # Latin, Greek and Cyrillic are in the library's own fonts
GLYPH = re.compile(rb'href="#(g[^"]+)"')
SCRIPTS: dict[str, Promise] = {
    "CJK": gettext_lazy("Chinese or Japanese characters"),
    "HIRAGANA": gettext_lazy("Japanese letters"),
    "KATAKANA": gettext_lazy("Japanese letters"),
    "HANGUL": gettext_lazy("Korean letters"),
}
IN_NO_FONT = "\U0010fffd"  # a private character: it draws as whatever is missing does
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
    """Prepare text for typesetting: no control characters, breakable long words, and words in the place of characters
    that no font has ("[Thai letters]"), because boxes would say nothing.
    """
    clean = "".join(char for char in text if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"})
    if any(map(_missing, clean)):
        clean = "".join(_drawable(run) for run in _runs(JOINERS.sub("", clean)))
    return LONG_WORD.sub(lambda word: _breakable(word[0]), clean)


def prose(text: str) -> dict[str, Any]:
    """Split user text into paragraphs of lines, with their direction."""
    paragraphs = [part.strip("\n").split("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]
    return {"rtl": _is_rtl(text), "paragraphs": [[as_set(line) for line in lines] for lines in paragraphs]}


def _with_style(data: Mapping[str, Any]) -> dict[str, Any]:
    in_america = timezone.get_current_timezone_name().startswith(LETTER_ZONES)
    words = {"page": _("Page"), "of": _("of"), **data["words"]}
    language = (get_language() or "en").partition("-")[0]
    return {
        "language": language,
        "paper": "us-letter" if in_america else "a4",
        "brand": as_set(settings.SELLER_NAME),
        **data,
        "words": words,
    }


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


def _runs(text: str) -> Iterator[str]:
    """Split into runs of characters that are all drawn, or all not and of one kind."""
    for _kind, run in groupby(text, key=_missing):
        yield "".join(run)


def _drawable(run: str) -> str:
    missing = _missing(run[0])
    return f"[{missing}]" if missing else run


@lru_cache(maxsize=10_000)
def _missing(char: str) -> str:
    """Return what a character is, in words, that no font has; empty for one that is drawn."""
    if ord(char) < NEVER_MISSING or JOINERS.match(char) or _draws(char):
        return ""
    name = unicodedata.name(char, "character")
    if unicodedata.category(char)[0] not in "LM":
        return name.lower()
    script = name.partition(" ")[0]
    return str(SCRIPTS.get(script) or _("%(script)s letters") % {"script": script.title()})


def _draws(char: str) -> bool:
    """Ask the typesetter: a character that no font has looks like any other one."""
    if unicodedata.category(char)[0] == "M":  # it stands on a letter, and is drawn where that is
        return True
    page = f'#set page(width: 60pt, height: 30pt)\n#text("{char}") #text("{IN_NO_FONT}")'
    glyphs = GLYPH.findall(typst.compile(page.encode(), format="svg", font_paths=_fonts()))
    return len(glyphs) < 2 or glyphs[0] != glyphs[-1]
