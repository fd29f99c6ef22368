"""The demo's outbox as pages."""

from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from autodoctor.mail import outbox


@pytest.fixture(autouse=True)
def demo(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.DATA = tmp_path


def _keep(subject: str, text: str = "Hello") -> str:
    message = EmailMessage(subject, text, "hello@doctor.example", ["customer@example.com"])
    outbox.EmailBackend().send_messages([message])
    return outbox.names()[0]


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


@pytest.mark.parametrize("name", ["..", "../secret-key", "x", "20260101T000000000000-00000000"])
def test_only_mails_are_readable(client: Client, db: None, name: str) -> None:
    assert client.get(f"/outbox/{name}/").status_code == 404


def test_an_empty_outbox_says_so(client: Client, db: None) -> None:
    assert "No mail yet" in client.get("/outbox/").content.decode()


def test_there_is_no_outbox_outside_of_the_demo(client: Client, db: None, settings: Settings) -> None:
    name = _keep("Your code")
    settings.DEBUG = False

    assert client.get("/outbox/").status_code == 404
    assert client.get(f"/outbox/{name}/").status_code == 404
