"""The page for a missing address, with and without DEBUG."""

import pytest
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [True, False])
def test_unknown_addresses_are_a_404_of_the_site_and_of_the_api(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    page = Client().get("/nothing/here/")
    assert page.status_code == 404
    assert b"autodoctor.urls" not in page.content
    answer = Client().get("/api/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"] == "not_found"
