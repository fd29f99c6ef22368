"""Make and year from a VIN, typed or in a barcode. Only a hint: the list of makes is incomplete, and year codes repeat
every thirty years.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from vininfo import Vin
from vininfo.common import UnsupportedBrand
from vininfo.exceptions import ValidationError

LENGTH = 17
_RUN = re.compile(r"[A-Z0-9]+")  # of what a barcode holds: a QR code may hold an address or a list around the VIN
_IMPORT_MARK = "I"  # labels of imported cars put it in front of the VIN, in the same barcode
_CONFUSED = str.maketrans("IOQ", "100")  # letters that no VIN has, and the digits that they were meant to be
_CHECKED_REGIONS = "12345"  # the first characters of cars for North America, which all carry a check digit


@dataclass(frozen=True)
class Decoded:
    make: str
    country: str
    years: list[int]  # the newest first
    checked: bool  # the check digit fits; many European numbers carry none

    @property
    def year(self) -> int | None:
        return self.years[0] if self.years else None


def clean(text: str) -> str:
    """Return the VIN in capitals, without blanks and dashes."""
    return "".join(char for char in text.upper() if char not in " -\t")


def decode(text: str) -> Decoded | None:
    """Return what the VIN says; None if it cannot be a VIN. Unknown parts are empty."""
    try:
        vin = Vin(clean(text))
    except ValidationError:
        return None
    known = not isinstance(vin.assembler, UnsupportedBrand)
    return Decoded(
        make=vin.manufacturer if known else "",
        country=vin.country or "",
        years=vin.years,
        checked=vin.verify_checksum(),
    )


def in_barcodes(texts: Iterable[str]) -> str:
    """Return the VIN that barcodes carry; empty if none does, or if they carry several.

    One whose check digit fits comes before one that carries none. A number for North America has to fit: it was misread
    otherwise. Letters that no VIN has are read as digits where the check digit then fits.
    """
    read = {number: found for text in texts for number in _candidates(text) if (found := decode(number))}
    fits = [number for number, found in read.items() if found.checked]
    others = [number for number in read if number[0] not in _CHECKED_REGIONS]
    numbers = fits or others
    return numbers[0] if len(numbers) == 1 else ""


def _candidates(text: str) -> Iterable[str]:
    for run in _RUN.findall(text.upper()):
        bare = run.removeprefix(_IMPORT_MARK) if len(run) == LENGTH + 1 else run
        if len(bare) != LENGTH:
            continue
        yield bare
        meant = decode(bare.translate(_CONFUSED))
        if meant and meant.checked:
            yield bare.translate(_CONFUSED)
