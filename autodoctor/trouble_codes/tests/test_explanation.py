"""A known code is explained by our table, any other one by its structure, and neither is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodoctor.trouble_codes.explanation import explain, explanations_in, explanations_of
from autodoctor.trouble_codes.structure import Origin, System, TroubleCode
from autodoctor.trouble_codes.table import Urgency, entries


def test_a_known_code() -> None:
    (card,) = explanations_in("p0301-00")
    assert (str(card.code), card.system, card.urgency) == ("P0301-00", System.POWERTRAIN, Urgency.STOP)
    assert card.title == "Misfire in cylinder 1"
    assert len(card.checks) == 3


def test_codes_that_were_read_before_are_explained_as_when_they_were_typed() -> None:
    assert explanations_of(["P0301", "U0100-00"]) == explanations_in("P0301, u0100-00")


@pytest.mark.parametrize(("code", "words"), [("P0301", "Misfire in cylinder 1"), ("P1234", "The maker's own code")])
def test_what_stands_beside_a_code_is_short(code: str, words: str) -> None:
    assert explain(TroubleCode(code)).in_short == words


@pytest.mark.parametrize(
    ("code", "origin"),
    [
        ("P0FFF", Origin.GENERIC),
        ("P1234", Origin.MAKER),
        ("P2FFF", Origin.GENERIC),
        ("P3000", Origin.MAKER),
        ("P33FF", Origin.MAKER),
        ("P3400", Origin.GENERIC),
        ("P3FFF", Origin.GENERIC),
        ("B0FFF", Origin.GENERIC),
        ("B1000", Origin.MAKER),
        ("C2000", Origin.MAKER),
        ("C3000", Origin.RESERVED),
        ("U0FFF", Origin.GENERIC),
        ("U1000", Origin.MAKER),
        ("U2000", Origin.MAKER),
        ("U3FFF", Origin.GENERIC),
    ],
)
def test_who_says_what_a_code_means(code: str, origin: Origin) -> None:
    assert TroubleCode(code).origin is origin


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (
            "P1345",
            "A code of the car's maker. Its exact meaning depends on make and model. "
            "By its number it is about: ignition and misfires.",
        ),
        (
            "P0C11",
            "A code that means the same for all makes. It is not in our table. "
            "By its number it is about: hybrid or electric drive.",
        ),
        (
            "P2B00",
            "A code that means the same for all makes. It is not in our table. "
            "By its number it is about: fuel, air, and exhaust cleaning.",
        ),
        (
            "P34FF",
            "A code that means the same for all makes. It is not in our table. "
            "By its number it is about: switching cylinders off.",
        ),
        ("P3001", "A code of the car's maker. Its exact meaning depends on make and model."),
        ("B3001", "The standard has not given this number a meaning. Check that it is typed correctly."),
        ("U1001", "A code of the car's maker. Its exact meaning depends on make and model."),
    ],
)
def test_what_the_structure_of_an_unknown_code_says(code: str, words: str) -> None:
    card = explain(TroubleCode(code))
    assert (str(card.title), card.urgency, card.checks) == (words, None, ())


@given(st.from_regex(r"[PCBU][0-3][0-9A-F]{3}", fullmatch=True))
def test_every_code_has_words_and_only_a_known_one_an_urgency(code: str) -> None:
    card = explain(TroubleCode(code))
    assert str(card.title)
    assert bool(card.urgency) == bool(card.checks) == (code in entries())
