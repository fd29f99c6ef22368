"""The VIN in barcodes: which text is one, and the address that reads it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.booking import vin
from tests.kit.barcodes import EUROPEAN, VIN, as_jpeg, barcode, seen

ADDRESS = "/api/vin"
FOUND = {"vin": VIN, "checked": True}
NOTHING = {"vin": "", "checked": False}


READINGS: dict[str, tuple[list[str], str]] = {
    "vin": ([VIN], VIN),
    "small letters": ([VIN.lower()], VIN),
    "import label": ([f"I{VIN}"], VIN),
    "stars around it": ([f"*{VIN}*"], VIN),
    "address": ([f"https://maker.example/car?vin={VIN}&paint=8P4"], VIN),
    "list": ([f"8P4;{VIN};2003"], VIN),
    "other barcodes beside it": (["8P4", VIN, "0123456789"], VIN),
    "twice": ([VIN, VIN], VIN),
    "letters for zeros": ([VIN.replace("00", "OQ")], VIN),
    "a letter for one": ([VIN.replace("1", "I", 1)], VIN),
    "without a check digit": ([EUROPEAN], EUROPEAN),
    "the one whose check digit fits": ([EUROPEAN, VIN], VIN),
    "misread": ([VIN.replace("4352", "4353")], ""),
    "misread, and not to be checked": ([EUROPEAN.replace("0", "O")], ""),
    "two cars": ([EUROPEAN, EUROPEAN.replace("1J", "1K")], ""),
    "too short": ([VIN[:-1]], ""),
    "too long": ([f"{VIN}7"], ""),
    "nonsense": (["", "I", "*", "ÄÖÜ" * 9], ""),
    "nothing": ([], ""),
}


@pytest.mark.parametrize(("texts", "expected"), READINGS.values(), ids=READINGS)
def test_the_vin_in_barcodes(texts: list[str], expected: str) -> None:
    assert vin.in_barcodes(texts) == expected


def frame(content: bytes) -> dict[str, Any]:
    return {"frame": SimpleUploadedFile("frame.jpg", content, "image/jpeg")}


@pytest.mark.django_db
def test_a_frame_of_a_camera_is_read_for_whoever_fills_in_the_intake(
    client: Client, customer: User, client_of: Callable[[User], Client]
) -> None:
    for each in (client, client_of(customer)):
        answer = each.post(ADDRESS, frame(as_jpeg(seen(barcode(), blur=1, noise=12))))
        assert (answer.status_code, answer.json()) == (200, FOUND)


@pytest.mark.django_db
def test_the_text_that_a_browser_has_read_is_judged_alike(client: Client) -> None:
    assert client.post(ADDRESS, {"text": f"I{VIN}"}).json() == FOUND
    assert client.post(ADDRESS, {"text": EUROPEAN}).json() == {"vin": EUROPEAN, "checked": False}
    assert client.post(ADDRESS, {"text": "a\0b"}).json() == NOTHING
    assert client.post(ADDRESS).json() == NOTHING
    assert client.post(ADDRESS, {"text": VIN * 20}).status_code == 422


@pytest.mark.django_db
def test_another_site_cannot_have_frames_read(customer: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer)
    answer = strict.post(ADDRESS, {"text": VIN})
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut off"])
def test_what_is_no_picture_is_refused_in_words(client: Client, content: bytes) -> None:
    answer = client.post(ADDRESS, frame(content) | {"text": "x"})
    assert answer.status_code == 415
    assert "cannot be read" in answer.json()["detail"]


@pytest.mark.django_db
def test_a_flood_of_frames_is_slowed_down_by_person(
    client: Client, customer: User, client_of: Callable[[User], Client], settings: Settings
) -> None:
    settings.LIMITS = {"barcodes": [2, 600]}
    visitor = [client.post(ADDRESS, {"text": "x"}).status_code for _ in range(3)]
    assert visitor == [200, 200, 429]
    answer = client.post(ADDRESS, {"text": "x"})
    assert "pictures of a barcode" in answer.json()["detail"]
    assert answer["Retry-After"]
    assert client_of(customer).post(ADDRESS, {"text": VIN}).json() == FOUND


def test_an_intake_offers_the_scanner_only_with_a_script(client: Client, db: None) -> None:
    page = client.get("/book/").content.decode()
    assert '<vin-scanner class="vin-scanner" for="id_vin" hidden>' in page
    assert 'src="/static/' in page
