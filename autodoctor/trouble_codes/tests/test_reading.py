"""Codes are found however people type them, and nowhere else."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodoctor.trouble_codes.reading import MOST_CHARACTERS, MOST_CODES, codes_in
from autodoctor.trouble_codes.structure import TroubleCode

CODES = st.from_regex(r"[PCBU][0-3][0-9A-F]{3}", fullmatch=True)
FAILURE_TYPES = st.one_of(st.just(""), st.from_regex(r"[0-9A-F]{2}", fullmatch=True))
SEPARATORS = st.sampled_from([", ", ",", " ", ";", "/", "\n", "\r\n", " and ", ". ", "\t", "、", " - "])
VIN_CHARACTERS = [char for char in string.ascii_uppercase + string.digits if char not in "IOQ"]


def found(text: str) -> list[str]:
    return [str(code) for code in codes_in(text)]


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("P0301, p0420 U0100-00", ["P0301", "P0420", "U0100-00"]),
        ("P0301;c003a/B0001\nU3003", ["P0301", "C003A", "B0001", "U3003"]),
        ("po3o1 PO42O UO1OO-OO", ["P0301", "P0420", "U0100-00"]),
        ("P0301 p0301 PO301", ["P0301"]),
        ("P0301-P0420-00-B0001", ["P0301", "P0420-00", "B0001"]),
        ("it says (P0171), again.", ["P0171"]),
        ("-P0171\n-P0174", ["P0171", "P0174"]),
        ("the P0171- lean", ["P0171"]),
        ("\uff30\uff10\uff13\uff10\uff11\u3001\uff50\uff10\uff14\uff12\uff10", ["P0301", "P0420"]),  # full width
        ("U0100-00 and U0100", ["U0100-00", "U0100"]),
    ],
)
def test_codes_as_people_type_them(typed: str, codes: list[str]) -> None:
    assert found(typed) == codes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cocoa, coded, bocce, booed",
        "P4301 X0301 P030 P03011 P030G",
        "AP0301 P0301x éP0301 P0301é P0301_2",
        "part-P0301 P0301-front P0301-ABC",
        "1P0301HGCM82633A4 P0301CM82633A0043",
        "١P0301",
    ],
)
def test_what_is_no_code(text: str) -> None:
    assert found(text) == []


@given(st.lists(st.tuples(CODES, FAILURE_TYPES), min_size=1, max_size=MOST_CODES), SEPARATORS, st.booleans())
def test_every_code_is_found_once_in_its_order(typed: list[tuple[str, str]], separator: str, lower: bool) -> None:
    codes = [TroubleCode(*each) for each in typed]
    text = separator.join(str(code) for code in codes)
    # Without a digit behind its letter a code could be a word.
    readable = [code for code in dict.fromkeys(codes) if re.search(r"\d", code.code)]
    assert codes_in(text.lower() if lower else text) == readable


@given(st.text(max_size=600))
def test_any_text_can_be_read(text: str) -> None:
    codes = codes_in(text)
    assert len(codes) == len(set(codes)) <= MOST_CODES
    assert all(re.fullmatch(r"[PCBU][0-3][0-9A-F]{3}(-[0-9A-F]{2})?", str(code)) for code in codes)
    assert codes_in(" ".join(map(str, codes))) == codes


@given(st.text(VIN_CHARACTERS, min_size=17, max_size=17))
def test_a_vin_holds_no_code(vin: str) -> None:
    assert codes_in(f"VIN {vin}, rattles") == []


def test_no_more_than_twelve_codes_are_read() -> None:
    assert len(codes_in(" ".join(f"P03{number:02}" for number in range(20)))) == MOST_CODES


def test_nothing_behind_500_characters_is_read() -> None:
    assert found("P0301" + " " * MOST_CHARACTERS + "P0420") == ["P0301"]
