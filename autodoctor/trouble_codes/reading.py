"""Finds trouble codes in what people type."""

import re
from collections.abc import Iterator
from itertools import islice
from unicodedata import normalize

from autodoctor.trouble_codes.structure import TroubleCode

MOST_CODES = 12
MOST_CHARACTERS = 500

# An O in place of a zero: no code has one. At least one digit has to be real, or "cocoa" would be a code.
_CODE = r"[PCBU](?=[0-9A-FO]*[0-9])[0-3O][0-9A-FO]{3}"
_FAILURE_TYPE = r"[0-9A-FO]{2}"
_ONE = re.compile(rf"({_CODE})(?:-({_FAILURE_TYPE})(?!\w))?", re.ASCII)
_RUN = re.compile(rf"(?<!\w)(?<!\w-){_CODE}(?:-{_FAILURE_TYPE})?(?:-{_CODE}(?:-{_FAILURE_TYPE})?)*(?!\w)(?!-\w)")


def codes_in(text: str, *, most: int = MOST_CODES) -> list[TroubleCode]:
    """Return the codes in the first 500 characters, each once, in their order, at most `most`.

    A code stands by itself: neither in a word nor in a VIN.
    """
    plain = normalize("NFKC", text[:MOST_CHARACTERS]).upper()
    return list(islice(dict.fromkeys(_found(plain)), most))


def _found(text: str) -> Iterator[TroubleCode]:
    for run in _RUN.finditer(text):
        for one in _ONE.finditer(run[0]):
            yield TroubleCode(_with_zeros(one[1]), _with_zeros(one[2] or ""))


def _with_zeros(text: str) -> str:
    return text.replace("O", "0")
