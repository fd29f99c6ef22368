"""The table is complete, well formed and readable."""

import csv
import re
from collections import Counter

import pytest

from autodoctor.trouble_codes.structure import Origin, TroubleCode
from autodoctor.trouble_codes.table import DATA, Urgency, entries

ENTRIES = entries().items()
PLAIN = re.compile(r"[A-Za-z0-9 ,.:;()/'-]+")


def test_there_are_at_least_400_codes_of_every_system() -> None:
    assert len(entries()) >= 400
    assert {code[0] for code in entries()} == set("PCBU")
    assert {code[:2] for code in entries()} >= {"P0", "P2", "P3", "B0", "C0", "U0"}


def test_every_code_stands_once_and_in_order() -> None:
    with (DATA / "codes.tsv").open() as file:
        codes = [row[0] for row in csv.reader(file, delimiter="\t")]
    assert codes == sorted(set(codes), key=lambda code: ("PCBU".index(code[0]), code))


def test_every_code_is_well_formed_and_generic() -> None:
    assert [code for code in entries() if not re.fullmatch(r"[PCBU][0-3][0-9A-F]{3}", code)] == []
    assert [code for code in entries() if TroubleCode(code).origin is not Origin.GENERIC] == []


def test_every_entry_has_plain_words_and_checks() -> None:
    assert [code for code, entry in ENTRIES if not _readable(entry.title, 10, 110)] == []
    assert [code for code, entry in ENTRIES if not 2 <= len(entry.checks) <= 4] == []
    assert {check for _code, entry in ENTRIES for check in entry.checks if not _readable(check, 10, 90)} == set()


def _readable(words: str, least: int, most: int) -> bool:
    return bool(PLAIN.fullmatch(words)) and least <= len(words) <= most


def test_no_two_codes_have_the_same_title() -> None:
    assert [
        title for title, times in Counter(entry.title.lower() for _code, entry in ENTRIES).items() if times > 1
    ] == []


def test_every_list_of_checks_is_used() -> None:
    with (DATA / "codes.tsv").open() as codes, (DATA / "checks.tsv").open() as checks:
        used = {row[2] for row in csv.reader(codes, delimiter="\t")}
        assert {row[0] for row in csv.reader(checks, delimiter="\t")} == used


@pytest.mark.parametrize(
    ("code", "urgency", "title"),
    [
        ("P0301", Urgency.STOP, "Misfire in cylinder 1"),
        ("P0420", Urgency.SOON, "Catalytic converter cleans too little, bank 1"),
        ("P0456", Urgency.WAIT, "Fuel vapor system: very small leak"),
        ("P0524", Urgency.STOP, "Engine oil pressure too low"),
        ("P2463", Urgency.SOON, "Diesel particle filter full of soot"),
        ("U0100", Urgency.STOP, "No messages from the engine computer"),
    ],
)
def test_codes_that_many_cars_know(code: str, urgency: Urgency, title: str) -> None:
    assert (entries()[code].urgency, entries()[code].title) == (urgency, title)
