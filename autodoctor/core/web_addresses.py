"""Web addresses in people's texts, as people write them. `static/lib/links.js` finds the same ones in the browser."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_ADDRESS = re.compile(r"(?<![\w@./-])(?:https?://|www\.(?=\w))[^\s<>\"'`]+", re.IGNORECASE)
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_ENDS_A_SENTENCE = ".,;:!?…。、，；：！？"
_BRACKETS = dict(zip(")]}）】」』》»”", "([{（【「『《«“", strict=True))


class Address(NamedTuple):
    """Where in the text it stands, as it is written there, and where it leads."""

    start: int
    written: str
    url: str


def addresses(text: str) -> Iterator[Address]:
    """Find the addresses of a text, in their order. A bracket belongs to an address that has opened it."""
    for found in _ADDRESS.finditer(text):
        written = _trimmed(found.group())
        if scheme := _SCHEME.match(written):
            if len(written) > scheme.end():
                yield Address(found.start(), written, written)
        else:
            yield Address(found.start(), written, f"https://{written}")


def _trimmed(address: str) -> str:
    """Leave out what closes the sentence or the brackets around the address."""
    while address and (address[-1] in _ENDS_A_SENTENCE or _closes_a_bracket_before(address)):
        address = address[:-1]
    return address


def _closes_a_bracket_before(address: str) -> bool:
    closing = address[-1]
    return closing in _BRACKETS and address.count(closing) > address.count(_BRACKETS[closing])
