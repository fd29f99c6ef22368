"""Values from outside are read in one way."""

from uuid import UUID

import pytest
from django.test import RequestFactory

from autodoctor.core.parsing import is_blank, is_name, parse_uuid, storable_text, visible_text, wants_json

SEVEN = UUID(int=7)


@pytest.mark.parametrize("value", [SEVEN, str(SEVEN), SEVEN.hex, str(SEVEN).upper()])
def test_a_uuid_is_known_however_it_is_written(value: object) -> None:
    assert parse_uuid(value) == SEVEN


@pytest.mark.parametrize("value", [None, "", "7", "x" * 36, 7, [str(SEVEN)], {"id": str(SEVEN)}])
def test_text_that_is_no_uuid_is_refused(value: object) -> None:
    assert parse_uuid(value) is None


def test_text_becomes_what_every_database_can_hold() -> None:
    assert storable_text("It\0 rattles\r\nwhen \ud800 cold ") == "It rattles\nwhen ? cold "


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("application/json", True),
        ("application/json, text/html;q=0.5", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("*/*", False),
    ],
)
def test_only_a_script_gets_json(accepted: str, expected: bool) -> None:
    assert wants_json(RequestFactory().get("/", headers={"Accept": accepted})) is expected


@pytest.mark.parametrize(
    "text", ["", " \n", "\u200b", "\u2060\ufeff", "\u202e\u2066", "\u2800", "\u3164", "\u00ad", "\u0301", "\0"]
)
def test_a_text_of_which_nothing_is_seen_is_blank(text: str) -> None:
    assert is_blank(text)
    assert visible_text(text) == ""


@pytest.mark.parametrize("text", ["a", " .\u200b", "🚗", "مرحبا", "ㅋ", "é"])
def test_a_text_of_which_something_is_seen_is_not_blank(text: str) -> None:
    assert not is_blank(text)
    assert visible_text(f" {text} ") == text.strip()


NAMES = [
    "Ana",
    "O'Brien-Smith Jr.",
    "Zoë",
    "山田 太郎",
    "علی‌رضا",
    "මහ‍රු",
    "ณัฐ",
    "Ngọc",
    "Шевченко",
    "שרה",
    "김철수",
    "Ana 👩‍🔧",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_in_every_script_are_accepted(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "123", "👍", "\u200d", "A\u202eb", "A\u200b", "\u200dA", "A\u200c", "A\u200c\u200db", "\u3164", "A\nb"]
)
def test_a_text_without_a_visible_letter_is_no_name(name: str) -> None:
    assert not is_name(name)
