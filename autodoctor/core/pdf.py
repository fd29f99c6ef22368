"""PDF documents in one design. User text goes in as data, never as markup; nothing is fetched."""

import json
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
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

from autodoctor.core.heavy_work import Remembered, turns

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
Picture = Callable[[], bytes]
MOST_REMEMBERED = 64 * 1024 * 1024  # bytes of documents
_remembered: Remembered[bytes] = Remembered(turns=turns, most=MOST_REMEMBERED, size=len)
ON_LETTERS = {"Mn", "Mc", "Me", "Cf"}
BETWEEN = "A"
MOST_ASKED = 2_000  # characters at once
MOST_KNOWN = 50_000
_drawn: dict[str, bool] = {}  # by character; the same in every language
JOINERS = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def typeset(
    template: Path, data: Mapping[str, Any], *, made_at: datetime, pictures: Mapping[str, Picture] | None = None
) -> bytes:
    """Typeset the template, which imports `pdf.typ`, with this data. The same once more is remembered.

    Besides its own fields, the data holds those of `pdf.typ`: title, author, heading, dated, footer, and `words.kind`.
    `pictures`: by name, what returns the file at the root; a name stands for one content for ever. Raises `TooFast` if
    too many documents are made at once.
    """
    pictures = pictures or {}
    paper = json.dumps(_with_style(data))
    moment = int(made_at.timestamp())
    key = sha256("\0".join([str(template), paper, str(moment), *pictures]).encode()).digest()
    return _remembered.get(key, lambda: _compile(template, paper, moment, pictures))


def _compile(template: Path, paper: str, moment: int, pictures: Mapping[str, Picture]) -> bytes:
    with TemporaryDirectory(prefix="paper-") as folder:
        root = Path(folder)
        for file in (STYLE, template):
            shutil.copyfile(file, root / file.name)
        for name, picture in pictures.items():
            (root / name).write_bytes(picture())
        (root / "data.json").write_text(paper)
        return typst.compile(root / template.name, root=root, font_paths=_fonts(), timestamp=moment)


def as_set(text: str) -> str:
    """Prepare text for typesetting: no control characters, breakable long words, and words in the place of characters
    that no font has ("[Thai letters]"), because boxes would say nothing.
    """
    clean = "".join(char for char in text if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"})
    look_up(clean)
    if any(map(_missing, clean)):
        clean = "".join(_drawable(run) for run in _runs(JOINERS.sub("", clean)))
    return LONG_WORD.sub(lambda word: _breakable(word[0]), clean)


def look_up(*texts: str) -> None:
    """Learn which characters of these texts a font has, in one question to the typesetter: it takes 2 ms, and less than
    0.1 ms a character. A document of many texts asks once for all of them.
    """
    asked = [char for char in sorted(set().union(*texts)) if not _is_known(char)]
    for begin in range(0, len(asked), MOST_ASKED):
        _remember(asked[begin : begin + MOST_ASKED])


def prose(text: str) -> dict[str, Any]:
    """Split user text into paragraphs of lines, with their direction."""
    look_up(text)
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


def _missing(char: str) -> str:
    """Return what a character is, in words, that no font has; empty for one that is drawn."""
    if _is_plain(char) or _drawn.get(char, True):
        return ""
    name = unicodedata.name(char, "character")
    if unicodedata.category(char)[0] not in "LM":
        return name.lower()
    script = name.partition(" ")[0]
    return str(SCRIPTS.get(script) or _("%(script)s letters") % {"script": script.title()})


def _is_known(char: str) -> bool:
    return _is_plain(char) or char in _drawn


def _is_plain(char: str) -> bool:
    """Return whether nobody has to be asked: the library's own fonts have it, or it is drawn with the letter before."""
    return ord(char) < NEVER_MISSING or bool(JOINERS.match(char)) or unicodedata.category(char) in ON_LETTERS


def _remember(chars: list[str]) -> None:
    if len(_drawn) > MOST_KNOWN:
        _drawn.clear()
    _drawn.update(zip(chars, _draw(chars), strict=True))


def _draw(chars: list[str]) -> list[bool]:
    """Ask the typesetter which characters it draws: one that no font has looks like any other of them. A letter that
    every font has stands between two.
    """
    drawn = "".join(f'#text("{char}")#linebreak()#text("{BETWEEN}")#linebreak()' for char in [IN_NO_FONT, *chars])
    page = f'#set page(width: auto, height: auto)\n#text("{BETWEEN}")#linebreak(){drawn}'
    glyphs = GLYPH.findall(typst.compile(page.encode(), format="svg", font_paths=_fonts()))
    parts: list[list[bytes]] = []
    for glyph in glyphs:
        if glyph == glyphs[0]:
            parts.append([])
        else:
            parts[-1].append(glyph)
    return [part != parts[0] for part in parts[1:-1]]
