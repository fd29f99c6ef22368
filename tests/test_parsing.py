"""Values from outside are read in one way."""

from uuid import UUID

import pytest
from django.test import RequestFactory

from autodoctor.core.parsing import parse_uuid, storable_text, wants_json

SEVEN = UUID(int=7)


@pytest.mark.parametrize("value", [SEVEN, str(SEVEN), SEVEN.hex, str(SEVEN).upper()])
def test_a_uuid_is_known_however_it_is_written(value: object) -> None:
    assert parse_uuid(value) == SEVEN


@pytest.mark.parametrize("value", [None, "", "7", "x" * 36, 7, [str(SEVEN)], {"id": str(SEVEN)}])
def test_nothing_else_is_a_uuid(value: object) -> None:
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
