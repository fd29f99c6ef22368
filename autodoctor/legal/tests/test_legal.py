"""The legal pages: who may read them, their versions, and where to write to."""

from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.legal.pages import PAGES, LegalPage
from autodoctor.mail.rendering import render

pytestmark = pytest.mark.django_db
TEMPLATES = Path(__file__).parent.parent / "templates" / "legal"
# People have agreed to these words: a change of them is a new version.
WRITTEN = {
    "terms-2026-11-28.html": "61e9391b4f5b330a",
    "privacy-2026-11-28.html": "cc807d475b7babc8",
    "privacy-2026-11-29.html": "4e2d1269e2827fe4",
    "privacy-2026-11-30.html": "c6a5a8a8691cfbfe",
    "privacy-2026-12-01.html": "37c2593cc6295230",
    "cancellation-2026-11-28.html": "ca770b077aa5d542",
    "imprint-2026-11-28.html": "5bad0bf84b366fdf",
}


@pytest.mark.parametrize("one", PAGES.values(), ids=PAGES)
def test_everybody_can_read_every_legal_page_with_its_version(
    client: Client, settings: Settings, one: LegalPage
) -> None:
    settings.SUPPORT_EMAIL, settings.LEGAL_NAME = "help@example.org", "Auto Doctor Ltd."
    settings.LEGAL_ADDRESS = "1 Bay Street; Springfield"
    for address in (one.path, f"{one.path}?version={one.version}"):
        shown = client.get(address).content.decode()
        for words in (one.title, f"Version {one.version}", "help@example.org"):
            assert str(words) in shown
    imprint = client.get("/legal/imprint/").content.decode()
    assert "Auto Doctor Ltd." in imprint
    assert "1 Bay Street" in imprint


@pytest.mark.parametrize("address", ["/legal/other/", "/legal/terms/?version=2020-01-01", "/legal/terms/?version=../x"])
def test_unknown_legal_pages_and_versions_are_a_404(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404


def test_published_versions_of_legal_pages_do_not_change() -> None:
    found = {file.name: sha256(file.read_bytes()).hexdigest()[:16] for file in TEMPLATES.glob("*-*.html")}
    assert found == WRITTEN


def test_the_privacy_page_says_that_a_bank_may_read_the_words_of_a_session(client: Client) -> None:
    recipients = client.get("/legal/privacy/").content.decode().split("Who sees it")[1].split("</p>")[0]
    for word in ("your bank", "evidence", "chat", "transcript", "summary", "files"):
        assert word in recipients


def test_every_version_of_a_legal_page_has_its_template() -> None:
    assert {page.template(version).partition("/")[2] for page in PAGES.values() for version in page.versions} == set(
        WRITTEN
    )


def test_the_footer_of_the_site_links_to_the_legal_pages(client: Client, settings: Settings) -> None:
    settings.SUPPORT_EMAIL = "help@example.org"
    footer = client.get("/").content.decode().split("<footer")[1]
    for page in PAGES.values():
        assert f'href="{page.path}"' in footer
    assert "mailto:help@example.org" in footer


def test_every_mail_names_the_address_to_write_to(settings: Settings) -> None:
    settings.SUPPORT_EMAIL = "help@example.org"
    letter = render("receipts/mail/refund_failed", {"session_id": str(UUID(int=0)), "amount": "$1.00"}, time_zone="UTC")
    assert "help@example.org" in letter.text
    assert "mailto:help@example.org" in letter.html
    assert "/legal/imprint/" in letter.html
