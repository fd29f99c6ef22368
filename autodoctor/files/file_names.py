"""A name from outside made fit for every file system, header and page."""

import unicodedata

LONGEST = 100  # characters
UNFIT = '<>:"/\\|?*'


def fit(given: str, suffixes: tuple[str, ...]) -> str:
    """The plain name, ending in one of `suffixes` (the first, if in none)."""
    name = plain(given)
    stem, dot, end = name.rpartition(".")
    known = dot and f".{end.lower()}" in suffixes
    suffix = f".{end.lower()}" if known else suffixes[0]
    stem = (stem if known else name)[: LONGEST - len(suffix)].strip(". ")
    return (stem or "file") + suffix


def plain(given: str) -> str:
    """The last part of the name without what could mislead; may be empty."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(" " if _is_hidden(letter) or letter in UNFIT else letter for letter in name)
    return " ".join(name.split()).strip(". ")[:LONGEST]


def _is_hidden(letter: str) -> bool:
    """Controls, direction marks, surrogates, private and unassigned ones; line and paragraph separators."""
    category = unicodedata.category(letter)
    return category.startswith("C") or category in {"Zl", "Zp"}
