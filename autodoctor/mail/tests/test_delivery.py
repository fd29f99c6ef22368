"""Against a real mail server: delivered, refused, not there, back again."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from autodoctor.mail.jobs import JOBS
from autodoctor.mail.queue import queue_mail
from autodoctor.mail.tests.conftest import NOW
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import unpark
from tests.kit.ports import free_port
from tests.kit.smtp import Sink

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db


def _post(to: "User | str", key: str = "delivery") -> None:
    queue_mail("letters/invitation", to=to, context={"who": "Größe & Söhne"}, key=key, now=NOW)


def _pending() -> Job:
    return Job.objects.get(kind="mail.send")


def test_mail_server_receives_heads_text_and_html(sink: Sink, customer: "User", settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "The Auto Doctor <hello@doctor.example>"
    _post(customer)

    run_due(NOW)

    (letter,) = sink.letters
    assert letter["To"] == "customer@example.com"
    assert letter["From"] == "The Auto Doctor <hello@doctor.example>"
    assert letter["Subject"] == "Größe & Söhne invites you"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"
    text, html = (part.get_content() for part in letter.iter_parts())
    assert "Größe & Söhne waits" in text
    assert "Größe &amp; Söhne waits" in html
    assert not Job.objects.filter(kind="mail.send").exists()


def test_a_refused_address_is_not_tried_again_but_shown_to_support(sink: Sink) -> None:
    sink.refused["nobody@example.org"] = 550
    _post("nobody@example.org")

    run_due(NOW)

    assert (_pending().attempts, bool(_pending().parked_at)) == (1, True)
    assert "no such mailbox" in _pending().last_error
    assert sink.letters == []


def test_mail_refused_by_the_server_for_good_is_parked(sink: Sink, customer: "User") -> None:
    sink.refuses_content = 554
    _post(customer)

    run_due(NOW)

    assert (_pending().attempts, bool(_pending().parked_at)) == (1, True)


def test_mail_deferred_by_the_server_is_sent_again_later(sink: Sink, customer: "User") -> None:
    sink.refused[customer.email] = 451
    _post(customer)
    run_due(NOW)
    assert (_pending().attempts, _pending().parked_at) == (1, None)

    sink.refused.clear()
    run_due(NOW + timedelta(minutes=1))

    assert len(sink.letters) == 1


def test_mail_is_parked_after_a_day_without_a_server(sink: Sink, customer: "User", settings: Settings) -> None:
    settings.EMAIL_PORT = free_port()
    _post(customer)
    moment = NOW
    while _pending().parked_at is None:
        run_due(moment)
        moment = _pending().run_at
    assert _pending().attempts == JOBS["mail.send"].attempts
    assert moment - NOW > timedelta(hours=20)

    settings.EMAIL_PORT = sink.port
    unpark([_pending().pk], moment)
    run_due(moment)

    assert len(sink.letters) == 1


def test_refused_recipient_does_not_delay_other_mails(sink: Sink, customer: "User") -> None:
    sink.refused["nobody@example.org"] = 550
    _post("nobody@example.org", key="refused")
    _post(customer, key="taken")

    run_due(NOW)

    assert [letter["To"] for letter in sink.letters] == ["customer@example.com"]


def test_a_dead_server_costs_time_not_mail(sink: Sink, customer: "User", settings: Settings) -> None:
    settings.EMAIL_PORT = free_port()
    _post(customer)
    run_due(NOW)
    assert "ConnectionRefusedError" in _pending().last_error

    settings.EMAIL_PORT = sink.port
    run_due(NOW + timedelta(hours=1))

    assert len(sink.letters) == 1


def test_the_demo_keeps_mail_on_disk(customer: "User", settings: Settings, send: Callable[..., EmailMessage]) -> None:
    settings.EMAIL_BACKEND = "autodoctor.mail.demo_outbox.EmailBackend"
    _post(customer)

    run_due(NOW)

    (kept,) = (settings.DATA / "outbox").glob("*.eml")
    assert b"To: customer@example.com" in kept.read_bytes()
    kept.unlink()
