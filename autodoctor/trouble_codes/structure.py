"""What the characters of a trouble code say by themselves (SAE J2012, ISO 15031-6)."""

from dataclasses import dataclass
from typing import assert_never

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_FUEL_AND_AIR = _("fuel and air")
_TRANSMISSION = _("transmission")
_ELECTRIC = _("hybrid or electric drive")
# The third character of a code of the powertrain.
_SUBSYSTEMS: dict[str, Promise] = {
    "0": _("fuel, air, and exhaust cleaning"),
    "1": _FUEL_AND_AIR,
    "2": _("fuel and air: the injectors"),
    "3": _("ignition and misfires"),
    "4": _("exhaust cleaning"),
    "5": _("speed, idle, and further inputs"),
    "6": _("the car's computers and what they switch"),
    "7": _TRANSMISSION,
    "8": _TRANSMISSION,
    "9": _TRANSMISSION,
    "A": _ELECTRIC,
    "B": _ELECTRIC,
    "C": _ELECTRIC,
}
_FIRST_GENERIC_P3 = "P3400"  # those before are the makers' own


class System(TextChoices):
    POWERTRAIN = "P", _("Engine and transmission")
    CHASSIS = "C", _("Brakes, steering, suspension")
    BODY = "B", _("Body and airbags")
    NETWORK = "U", _("Data network")


class Origin(TextChoices):
    """Who says what the code means."""

    GENERIC = "generic", _("The same for all makes")
    MAKER = "maker", _("The maker's own code")
    RESERVED = "reserved", _("Reserved: not given a meaning yet")


@dataclass(frozen=True)
class TroubleCode:
    """A code such as `P0301`, with its failure type such as `00`, if it has one."""

    code: str
    failure_type: str = ""

    def __str__(self) -> str:
        return f"{self.code}-{self.failure_type}" if self.failure_type else self.code

    @property
    def system(self) -> System:
        return System(self.code[0])

    @property
    def origin(self) -> Origin:
        match self.system:
            case System.POWERTRAIN:
                return _origin_in_powertrain(self.code)
            case System.NETWORK:
                return Origin.GENERIC if self.code[1] in "03" else Origin.MAKER
            case System.CHASSIS | System.BODY:
                return _origin_in_body(self.code)
            case unknown:
                assert_never(unknown)

    @property
    def subsystem(self) -> Promise | None:
        """Return the part of the powertrain that the third character names; None where it names none."""
        if self.system is not System.POWERTRAIN:
            return None
        if self.code[1] in "01":
            return _SUBSYSTEMS.get(self.code[2])
        if self.code[1] == "2":
            return _SUBSYSTEMS["0"] if self.code[2] in "AB" else _SUBSYSTEMS.get(self.code[2])
        return _("switching cylinders off") if self.code[2] == "4" else None


def _origin_in_powertrain(code: str) -> Origin:
    if code[1] == "3":
        return Origin.MAKER if code < _FIRST_GENERIC_P3 else Origin.GENERIC
    return Origin.MAKER if code[1] == "1" else Origin.GENERIC


def _origin_in_body(code: str) -> Origin:
    if code[1] == "0":
        return Origin.GENERIC
    return Origin.RESERVED if code[1] == "3" else Origin.MAKER
