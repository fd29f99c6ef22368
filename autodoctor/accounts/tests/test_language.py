"""Only complete languages are offered: a page is never half in another one."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("language", ["de", "he", "ar-EG", "ja", "fr-CA, fr;q=0.9, en;q=0.1"])
def test_a_page_is_english_from_left_to_right_whatever_the_browser_prefers(client: Client, language: str) -> None:
    answer = client.post("/sign-in/", {"login": "", "password": ""}, headers={"Accept-Language": language})
    page = answer.content.decode()
    assert '<html lang="en"' in page
    assert 'dir="rtl"' not in page
    assert "This field is required." in page
    assert answer.headers["Content-Language"] == "en"
