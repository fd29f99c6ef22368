"""The summary mail to the customer: contents, and delivery exactly once."""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from smtplib import SMTPRecipientsRefused
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.core.formatting import moment
from autodoctor.files.tests.samples import position_in
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.summaries import document, jobs, pdf
from autodoctor.summaries.actions import resend
from autodoctor.summaries.tests.desk import CONTENT, Desk


@pytest.fixture(autouse=True)
def post_office(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def letters(desk: Desk, now: datetime | None = None) -> list[Parsed]:
    """Run all due jobs; return the summary mails to the customer."""
    run_due(now or desk.now)
    parsed = [message_from_bytes(letter.message().as_bytes(), policy=policy.default) for letter in mail.outbox]
    return [letter for letter in parsed if "summary" in str(letter["Subject"])]


def parts(letter: Parsed) -> Iterator[tuple[str, Parsed]]:
    for part in letter.walk():
        yield part.get_content_type(), part


def content(letter: Parsed, kind: str) -> list[Any]:
    return [part.get_content() for found, part in parts(letter) if found == kind]


def test_the_summary_mail_has_words_photos_and_the_pdf(desk: Desk) -> None:
    desk.submit(photos=desk.photos(2))
    (letter,) = letters(desk)
    assert letter["To"] == desk.customer.email
    assert letter["Subject"] == "Your summary: 2014 Volvo V60"
    (text,), (html,) = content(letter, "text/plain"), content(letter, "text/html")
    for body in (text, html):
        for words in ("Replace the clamp within two weeks.", "Terminal grease", "$21.40", desk.page):
            assert words in body
    (attached,) = [part for kind, part in parts(letter) if kind == "application/pdf"]
    assert attached.get_filename() == "summary.pdf"
    assert attached.get_content().startswith(b"%PDF-")
    pictures = [part for kind, part in parts(letter) if kind == "image/jpeg"]
    assert len(pictures) == 2
    for picture in pictures:
        assert f"cid:{picture['Content-ID'].strip('<>')}" in html
        assert position_in(picture.get_content()) == {}
    assert desk.summary.mailed_at == desk.now


def test_times_in_the_summary_mail_are_in_the_customers_time_zone(desk: Desk) -> None:
    desk.customer.time_zone = "Asia/Tokyo"
    desk.customer.save()
    desk.submit()
    (letter,) = letters(desk)
    with timezone.override("Asia/Tokyo"):
        there = moment(Session.objects.get(id=desk.id).started_at)
    assert there in content(letter, "text/plain")[0]


def test_support_resends_a_summary_once_as_a_mail_of_its_own(desk: Desk, support: User) -> None:
    desk.submit()
    token = uuid4()
    (first,) = letters(desk)
    for _ in range(2):  # pressed twice
        resend(session_id=desk.id, by=support, reason="It got lost", now=desk.now, token=token)
        _first, again = letters(desk)
    assert again["To"] == first["To"]
    assert again["Message-ID"] != first["Message-ID"]
    (noted,) = SessionEvent.objects.filter(session_id=desk.id, kind="support.summary_resent")
    assert (noted.audience, noted.data["reason"]) == ("support", "It got lost")


def test_a_missing_summary_cannot_be_sent_again(desk: Desk, support: User) -> None:
    with pytest.raises(Refused, match="not_submitted"):
        resend(session_id=desk.id, by=support, reason="It got lost", now=desk.now)
    assert not SessionEvent.objects.filter(session_id=desk.id, kind="support.summary_resent").exists()


def test_a_summary_mail_is_sent_once_after_the_mail_server_was_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = EmailMessage.send

    def dead(self: EmailMessage, fail_silently: bool = False) -> int:
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailMessage, "send", dead)
    desk.submit()
    assert letters(desk) == []
    job = Job.objects.get(kind="summary.mail")
    assert (job.attempts, job.parked_at, desk.summary.mailed_at) == (1, None, None)
    monkeypatch.setattr(EmailMessage, "send", sent)
    (letter,) = letters(desk, job.run_at)
    assert not Job.objects.filter(kind="summary.mail").exists()
    # As if the process had died before it deleted the job.
    Job.objects.create(
        kind="summary.mail", key=str(desk.id), due_at=desk.now, run_at=desk.now, lane=Lane.HEAVY, payload={}, version=1
    )
    assert len(letters(desk, job.run_at)) == 1
    assert letter["Message-ID"]


def test_every_attempt_to_mail_a_summary_has_the_same_message_id(desk: Desk) -> None:
    desk.submit()
    (first,) = letters(desk)
    desk.summary.__class__.objects.update(mailed_at=None)
    Job.objects.create(
        kind="summary.mail", key=str(desk.id), due_at=desk.now, run_at=desk.now, lane=Lane.HEAVY, payload={}, version=1
    )
    assert [letter["Message-ID"] for letter in letters(desk)] == [first["Message-ID"]] * 2


def test_a_summary_mail_to_a_refused_address_is_shown_to_support(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(self: EmailMessage, fail_silently: bool = False) -> int:
        raise SMTPRecipientsRefused({desk.customer.email: (550, b"no such user")})

    monkeypatch.setattr(EmailMessage, "send", refuses)
    desk.submit()
    run_due(desk.now)
    assert Job.objects.get(kind="summary.mail").parked_at is not None
    alert = SessionEvent.objects.get(session_id=desk.id, kind="alert.support")
    assert (alert.audience, alert.data["rule"]) == ("support", "job.parked")
    assert desk.summary.findings == CONTENT.findings


def test_a_correction_is_mailed_with_the_whole_summary(desk: Desk) -> None:
    desk.submit()
    correction = desk.correct("It is the other clamp.")
    first, second = letters(desk, correction.written_at)
    assert second["Subject"] == "Correction to your summary: 2014 Volvo V60"
    assert first["Message-ID"] != second["Message-ID"]
    assert "It is the other clamp." in content(second, "text/plain")[0]
    assert len(content(second, "application/pdf")) == 1
    correction.refresh_from_db()
    assert correction.mailed_at


def test_a_summary_that_is_too_large_for_a_mail_comes_as_a_link(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_BYTES", 1000)
    desk.submit(photos=desk.photos(2))
    (letter,) = letters(desk)
    assert [kind for kind, _part in parts(letter) if kind == "application/pdf"] == []
    for kind in ("text/plain", "text/html"):
        (body,) = content(letter, kind)
        assert "too large for an email" in body
        assert "attached" not in body
    assert desk.page in content(letter, "text/plain")[0]


def test_photos_shrink_until_the_summary_fits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "render", lambda shown, *, time_zone, photo_pixels: bytes(photo_pixels))
    shown = document.of(desk.submit(photos=desk.photos(1)))
    made = [pdf.fitting(shown, time_zone="UTC", most_bytes=most) for most in (1200, 1199, 799, 499)]
    assert [content and len(content) for content in made] == [1200, 800, 500, None]
