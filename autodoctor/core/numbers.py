"""Numbers as people type them, read in one way by every form: "$1,240.50", "24,50", "84 000", "1'250.–", "٣٤".

The last of two different separators is the decimal one; a repeated one groups thousands. A single one is decimal before
one or two digits, and groups before three. What can be read in two ways is asked back, never guessed.
"""

import re
import unicodedata

_SPACES = "\u00a0\u2007\u2009\u202f"
_APOSTROPHES = "'’‘`´\u066c"  # and the Arabic thousands separator
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[ ]\d{3})+")
_CURRENCY_CODE = re.compile(r"^[A-Za-z]{3}\s+|\s*[A-Za-z]{3}$")
_NO_DECIMALS = re.compile(r"[.,](?:[-–—]+)?$")  # "24.–", "24,-", "24."
LONGEST = 40  # characters


class NotANumber(ValueError):
    """The text is not a number."""


class Ambiguous(NotANumber):
    """The text can be read as two different numbers."""


def parse_cents(text: str, *, places: int = 2) -> int:
    """Return an amount in whole cents, or in the smallest unit of a currency with `places` decimals.

    Currency signs and codes are allowed. Raises `NotANumber` or `Ambiguous`.
    """
    plain = _CURRENCY_CODE.sub("", "".join(char for char in text.strip() if unicodedata.category(char) != "Sc").strip())
    units, decimals = _split(_tidy(plain), places=places)
    return int(units + decimals.ljust(places, "0"))


def parse_whole(text: str) -> int:
    """Return a whole number. Raises `NotANumber` for a fraction too, `Ambiguous` where nobody can know."""
    units, _none = _split(_tidy(text), places=0)
    return int(units)


def _tidy(text: str) -> str:
    """Return the text in ASCII digits, with a blank for whatever can only group."""
    if len(text) > LONGEST:
        raise NotANumber(text)
    return "".join(map(_plain, text.strip())).replace("\u066b", ",")  # the Arabic decimal separator


def _plain(char: str) -> str:
    if char in _SPACES or char in _APOSTROPHES:
        return " "
    return str(unicodedata.decimal(char, char))


def _split(text: str, *, places: int) -> tuple[str, str]:
    """Return the digits before and after the decimal separator."""
    text = _NO_DECIMALS.sub("", text)
    marks = [char for char in text if char in ".,"]
    if len(set(marks)) == 2:
        whole, decimals = _at_last(text, marks[-1])
        return _ungrouped(whole, marks[0]), _decimals(decimals, places, zeros=True)
    if len(marks) != 1:
        return _ungrouped(text, marks[0] if marks else ""), ""
    whole, tail = _at_last(text, marks[0])
    if len(tail) == 3 and " " not in text and _is_plain(whole):
        return _thousands(whole, tail, marks[0], places), ""
    return _ungrouped(whole, "") if whole else "0", _decimals(tail, places, zeros=False)


def _thousands(whole: str, tail: str, mark: str, places: int) -> str:
    """One separator before three digits groups, but a point in an amount may have been meant as decimal."""
    if mark == "." and places:
        raise Ambiguous(f"{whole}.{tail}")
    return _ungrouped(f"{whole}{mark}{tail}", mark)


def _at_last(text: str, mark: str) -> tuple[str, str]:
    whole, _mark, tail = text.rpartition(mark)
    return whole, tail


def _decimals(text: str, places: int, *, zeros: bool) -> str:
    """`zeros`: whether a whole number may end in zeros after its decimal separator."""
    if not _is_plain(text) or (len(text) > places and not (zeros and not text.strip("0"))):
        raise NotANumber(text)
    return text[:places]


def _ungrouped(text: str, mark: str) -> str:
    blanked = text.replace(mark, " ") if mark else text
    if not _is_plain(blanked) and not _GROUPED.fullmatch(blanked):
        raise NotANumber(text)
    return blanked.replace(" ", "")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdecimal()
