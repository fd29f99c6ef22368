"""Values that come from outside, read in one way by every capability."""

import re
import unicodedata
from uuid import UUID

from django.http import HttpRequest

_FILLERS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a symbol that show nothing
_JOINED = re.compile(r"(?<=[^\s\u200c\u200d])[\u200c\u200d](?=[^\s\u200c\u200d])")


def parse_uuid(value: object) -> UUID | None:
    """The UUID that this is or spells; None for anything else."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def parse_count(value: str | None) -> int | None:
    """A whole number of up to nine plain digits; None for anything else."""
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) <= 9 else None


def storable_text(text: str) -> str:
    """Text as every database, page and mail can hold it.

    Without NUL; half a character, as JSON can carry it, becomes a question mark; a line break is one character, as the
    browser counts it.
    """
    return text.replace("\0", "").encode(errors="replace").decode().replace("\r\n", "\n")


def visible_text(text: str) -> str:
    """`storable_text` without white space around it; empty where nobody would see anything of it."""
    return "" if is_blank(text) else storable_text(text).strip()


def is_blank(text: str) -> bool:
    """Whether a text has no character that is seen: only spaces, controls, direction marks, fillers, lone accents."""
    return not any(map(_is_seen, text))


def is_name(text: str) -> bool:
    """Whether people could call somebody so: with a letter, without hidden characters.

    The joiners that Persian, Sinhala and other scripts need within words are no hidden characters:
    https://www.unicode.org/reports/tr31/#Layout_and_Format_Control_Characters
    """
    has_letter = any(unicodedata.category(char).startswith("L") and _is_seen(char) for char in text)
    return has_letter and _JOINED.sub("", text).isprintable()


def _is_seen(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in _FILLERS


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks: a browser that follows a link or a form prefers a page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
