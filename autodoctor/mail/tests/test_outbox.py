"""The demo's outbox as pages."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from autodoctor.mail import demo_outbox
from autodoctor.mail.message import Attachment, envelope
from autodoctor.mail.rendering import Letter

PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\x7a\x1f\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
PDF = Attachment("Übersicht.pdf", "application/pdf", b"%PDF-1.7 and so on")


@pytest.fixture(autouse=True)
def demo(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.DATA = tmp_path


def _keep(subject: str, text: str = "Hello") -> str:
    message = EmailMessage(subject, text, "hello@doctor.example", ["customer@example.com"])
    demo_outbox.EmailBackend().send_messages([message])
    return demo_outbox.names()[0]


def _keep_whole(html: str = '<p>See <img src="cid:front"></p>') -> str:
    """With HTML, an image in it, and a file."""
    letter = Letter("Your summary", "See the photo", f"<html><head></head><body>{html}</body></html>")
    images = {"front": ("image/gif", PIXEL)}
    message = envelope(letter, to="customer@example.com", headers={}, attachments=[PDF], images=images)
    demo_outbox.EmailBackend().send_messages([message])
    return demo_outbox.names()[0]


def test_the_newest_mail_comes_first(client: Client, db: None) -> None:
    _keep("The first")
    _keep("The second")

    page = client.get("/outbox/").content.decode()

    assert 0 < page.index("The second") < page.index("The first")


def test_anyone_reads_a_mail_and_follows_its_links(client: Client, db: None) -> None:
    name = _keep("Your größter code", "Enter 123\n\nhttps://doctor.example/sign-in/")

    page = client.get(f"/outbox/{name}/").content.decode()

    assert "Your größter code" in page
    assert "Enter 123" in page
    assert '<a href="https://doctor.example/sign-in/"' in page


def test_markup_in_a_mail_is_shown_not_run(client: Client, db: None) -> None:
    name = _keep("<script>alert(1)</script>", "<img src=x onerror=alert(1)>")

    for path in ("/outbox/", f"/outbox/{name}/"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_mail_is_framed_as_a_client_shows_it_and_nothing_in_it_runs_or_fetches(client: Client, db: None) -> None:
    name = _keep_whole()
    page = client.get(f"/outbox/{name}/")
    assert f'src="/outbox/{name}/html/"' in page.content.decode()
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]

    frame = client.get(f"/outbox/{name}/html/")
    assert 'src="data:image/gif;base64,R0lGODlh' in frame.content.decode()
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_an_attachment_can_be_downloaded(client: Client, db: None) -> None:
    name = _keep_whole()
    (link,) = re.findall(r'href="([^"]*attachments[^"]*)"', client.get(f"/outbox/{name}/").content.decode())
    answer = client.get(unescape(link))
    assert b"".join(answer) == PDF.content
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "%C3%9Cbersicht.pdf" in answer.headers["Content-Disposition"]
    for number in (0, 2, 10**20):
        assert client.get(f"/outbox/{name}/attachments/{number}/").status_code == 404


@pytest.mark.parametrize("name", ["..", "../secret-key", "x", "20260101T000000000000-00000000"])
def test_outbox_opens_no_file_but_mails(client: Client, db: None, name: str) -> None:
    for below in ("", "html/", "attachments/1/"):
        assert client.get(f"/outbox/{name}/{below}").status_code == 404


def test_an_empty_outbox_says_so(client: Client, db: None) -> None:
    assert "No emails yet" in client.get("/outbox/").content.decode()


def test_there_is_no_outbox_outside_of_the_demo(client: Client, db: None, settings: Settings) -> None:
    name = _keep_whole()
    settings.DEBUG = False

    for path in ("", f"{name}/", f"{name}/html/", f"{name}/attachments/1/"):
        assert client.get(f"/outbox/{path}").status_code == 404
