"""Make and year from a VIN. Only a hint: the list of makes is incomplete, and year codes repeat every thirty years."""

from dataclasses import dataclass

from vininfo import Vin
from vininfo.common import UnsupportedBrand
from vininfo.exceptions import ValidationError

LENGTH = 17


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
