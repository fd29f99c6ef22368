"""Says in plain words what a trouble code means; of a code that is not in our table, what its structure says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from autodoctor.trouble_codes.reading import codes_in
from autodoctor.trouble_codes.structure import Origin, System, TroubleCode
from autodoctor.trouble_codes.table import Urgency, entries


@dataclass(frozen=True)
class Explanation:
    """What a card says. `urgency` is None, and `checks` are empty, where we do not know the code."""

    code: TroubleCode
    system: System
    origin: Origin
    title: str | Promise
    urgency: Urgency | None = None
    checks: tuple[str, ...] = ()

    @property
    def in_short(self) -> str | Promise:
        """Return what somebody writes beside the code: its meaning, or whose code it is."""
        return self.title if self.urgency else self.origin.label


def explanations_of(codes: Iterable[str]) -> list[Explanation]:
    """Return the explanations of codes that were read before, such as "P0301" and "U0100-00"."""
    parted = (code.partition("-") for code in codes)
    return [explain(TroubleCode(code, failure_type)) for code, _dash, failure_type in parted]


def explanations_in(text: str) -> list[Explanation]:
    """Return the explanations of the codes in a text."""
    return [explain(code) for code in codes_in(text)]


def explain(code: TroubleCode) -> Explanation:
    entry = entries().get(code.code)
    if entry is None:
        return Explanation(code, code.system, code.origin, _words_of_structure(code))
    return Explanation(code, code.system, code.origin, entry.title, entry.urgency, entry.checks)


def _words_of_structure(code: TroubleCode) -> str | Promise:
    words = _words_of_origin(code.origin)
    if code.subsystem is None:
        return words
    return format_lazy(_("{words} By its number it is about: {subsystem}."), words=words, subsystem=code.subsystem)


def _words_of_origin(origin: Origin) -> Promise:
    match origin:
        case Origin.GENERIC:
            return _("A code that means the same for all makes. It is not in our table.")
        case Origin.MAKER:
            return _("A code of the car's maker. Its exact meaning depends on make and model.")
        case Origin.RESERVED:
            return _("The standard has not given this number a meaning. Check that it is typed correctly.")
        case unknown:
            assert_never(unknown)
