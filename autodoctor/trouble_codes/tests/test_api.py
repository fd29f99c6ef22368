"""`GET /api/codes` explains the codes in a text to anybody."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_codes_in_a_text_are_explained(client: Client) -> None:
    answer = client.get("/api/codes", {"text": "p0301-00 and P1234"})
    assert answer.status_code == 200
    known, unknown = answer.json()
    assert known == {
        "code": "P0301",
        "failure_type": "00",
        "system": "P",
        "origin": "generic",
        "title": "Misfire in cylinder 1",
        "urgency": "stop",
        "checks": [
            "Do not drive on while the check-engine light blinks",
            "Check spark plugs and swap the coil",
            "Check the injector, then compression",
        ],
    }
    assert (unknown["origin"], unknown["urgency"], unknown["checks"]) == ("maker", None, [])


@pytest.mark.parametrize("text", ["", "nothing", "\0", "\ud800".encode("utf-8", "surrogatepass")])
def test_a_text_without_codes_has_no_explanations(client: Client, text: str) -> None:
    assert client.get("/api/codes", {"text": text}).json() == []


def test_a_text_that_is_too_long_is_refused(client: Client) -> None:
    assert client.get("/api/codes", {"text": "P0301 " * 100}).status_code == 422
