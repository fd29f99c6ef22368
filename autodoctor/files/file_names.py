"""Make a name from outside safe for every file system, header and page."""

import unicodedata

LONGEST = 100  # characters
UNFIT = '<>:"/\\|?*'


def fit(given: str, suffixes: tuple[str, ...]) -> str:
    """Return the plain name with one of `suffixes`; the first is added if the name has none."""
    name = plain(given)
    stem, dot, end = name.rpartition(".")
    known = dot and f".{end.lower()}" in suffixes
    suffix = f".{end.lower()}" if known else suffixes[0]
    stem = (stem if known else name)[: LONGEST - len(suffix)].strip(". ")
    return (stem or "file") + suffix


def plain(given: str) -> str:
    """Return the last part of the name without misleading characters; may be empty."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(" " if _is_hidden(letter) or letter in UNFIT else letter for letter in name)
    return " ".join(name.split()).strip(". ")[:LONGEST]


def _is_hidden(letter: str) -> bool:
    """Return whether a character is invisible: controls, direction marks, surrogates, private, unassigned,
    separators.
    """
    category = unicodedata.category(letter)
    return category.startswith("C") or category in {"Zl", "Zp"}
