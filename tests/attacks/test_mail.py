"""Names and texts of users in mails never become headers, markup or links."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from autodoctor.accounts.models import User
from autodoctor.mail.delivery import deliver
from autodoctor.mail.message import Attachment
from tests.attacks.test_markup import MARK, PAYLOADS, read
from tests.kit.smtp import Sink, smtp

pytestmark = pytest.mark.django_db

LINE_BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"]
NAMES = [
    *(f"Eve{end}Bcc: everybody@example.org{end}{end}<b>Hello</b>" for end in LINE_BREAKS),
    "=?utf-8?q?Eve=0d=0aBcc:_everybody@example.org?=",
    "Eve <everybody@example.org>, ",
    "Ève Größe 車 🚗 \u202ecod.exe",
    "x" * 2000,
]
FACTS = {"session_id": "7b1c7f9e-36cf-4c8b-9a3a-2c9d5d3f6f10", "plan": "Quick Chat", "what_happened": "It is over."}


@pytest.fixture
def sink(settings: Any) -> Iterator[Sink]:
    with smtp() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def letter(sink: Sink, to: User, template: str = "sessions/mail/accepted", **facts: str) -> EmailMessage:
    deliver(template, to=to, context={**FACTS, **facts}, key="1")
    return sink.letters[-1]


def bodies(letter: EmailMessage) -> tuple[str, str]:
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text
    assert html
    return text.get_content(), html.get_content()


@pytest.mark.parametrize("name", NAMES)
def test_a_persons_name_adds_no_header_or_recipient_to_a_mail(sink: Sink, customer: User, name: str) -> None:
    customer.name = name
    found = letter(sink, customer, mechanic=name)
    assert sorted(found.keys()) == sorted(letter(sink, customer, mechanic="Morgan").keys())
    assert found["To"] == customer.email
    assert len(found.get_all("Subject", [])) == 1
    assert len(found["Subject"].strip()) <= 150
    assert found.get_content_type() == "multipart/alternative"
    assert read(bodies(found)[1].encode()).acting == []
    for line in str(found).splitlines():
        assert not line.lower().startswith("bcc:")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_in_any_value_of_a_mail_is_text_in_its_html(sink: Sink, customer: User, payload: str) -> None:
    customer.name = payload
    for template in (
        "accepted",
        "completed",
        "called_off",
        "requested",
        "mechanic_nudge",
        "summary_reminder",
        "help_answered",
        "question_asked",
        "question_answered",
        "question_closed",
    ):
        facts = {"plan": payload, "mechanic": payload, "customer": payload, "what_happened": f"Your {payload} is over."}
        text, html = bodies(letter(sink, customer, f"sessions/mail/{template}", **facts))
        assert read(html.encode()).acting == []
        assert f"{{{{ {MARK} }}}}" in text or "{{" not in payload
        assert MARK in text


@pytest.mark.parametrize("template", ["password_changed", "email_changed", "webauthn_added"])
def test_markup_in_a_user_agent_is_text_in_a_mail(sink: Sink, customer: User, template: str) -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC).isoformat()
    facts = {"timestamp_at": at, "ip": PAYLOADS[1], "user_agent": " ".join(PAYLOADS), "to_email": PAYLOADS[0]}
    _, html = bodies(letter(sink, customer, f"accounts/mail/{template}", **facts))
    watchman = read(html.encode())
    assert watchman.acting == []
    assert MARK in "".join(watchman.text)


def test_no_link_in_a_mail_leads_elsewhere(sink: Sink, customer: User, settings: Any) -> None:
    """A link in a person's name does not become a link of the mail."""
    customer.name = "https://evil.example/"
    facts = {"plan": "Free\n\nClaim it: https://evil.example/\n\n", "mechanic": f"{settings.SITE_URL}.evil.example/"}
    facts["what_happened"] = f"Your {facts['plan']} with {facts['mechanic']} is over."
    _, html = bodies(letter(sink, customer, "sessions/mail/completed", **facts))
    links = re.findall(r'(?:href|src|action)="([^"]*)"', html)
    assert links
    ours = f"mailto:{settings.SUPPORT_EMAIL}"
    assert {link for link in links if link != ours and not f"{link}/".startswith(f"{settings.SITE_URL}/")} == set()


@pytest.mark.parametrize(
    "name",
    ["a\r\nBcc: b@c.pdf", "../../etc/passwd", "..\\evil.exe", "\0.pdf", '"; x="y.pdf', "Größe 車.pdf", "x" * 500],
)
def test_the_name_of_a_mailed_file_is_sanitized(sink: Sink, customer: User, name: str) -> None:
    file = Attachment(name, "application/pdf", b"%PDF-1.7")
    deliver("sessions/mail/accepted", to=customer, context=FACTS, key="1", attachments=[file])
    (attached,) = sink.letters[-1].iter_attachments()
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content() == b"%PDF-1.7"
    assert "Bcc" not in attached
    assert not set(attached.get_filename() or "") & {"\r", "\n", "\0", "/", "\\"}
