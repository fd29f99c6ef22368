"""Against a real mail server: delivered, refused, not there, back again."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from autodoctor.clock.loop import run_due
from autodoctor.clock.models import Job
from autodoctor.mail.jobs import JOBS
from autodoctor.mail.post import post
from autodoctor.mail.tests.conftest import NOW
from tests.fakes.ports import free_port
from tests.fakes.smtp import Sink

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db


def _post(to: "User | str", key: str = "delivery") -> None:
    post("letters/invitation", to=to, context={"who": "Größe & Söhne"}, key=key, now=NOW)


def _pending() -> Job:
    return Job.objects.get(kind="mail.send")


def test_the_server_receives_it_whole(sink: Sink, customer: "User", settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "The Auto Doctor <hello@doctor.example>"
    _post(customer)

    run_due(NOW)

    (letter,) = sink.letters
    assert letter["To"] == "customer@example.com"
    assert letter["From"] == "The Auto Doctor <hello@doctor.example>"
    assert letter["Subject"] == "Größe & Söhne invites you"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "Größe & Söhne waits" in letter.get_content()
    assert not Job.objects.filter(kind="mail.send").exists()


def test_a_refused_recipient_is_tried_again_then_parked(sink: Sink) -> None:
    sink.refused.add("nobody@example.org")
    _post("nobody@example.org")
    moment = NOW

    run_due(moment)
    assert _pending().parked_at is None
    while _pending().parked_at is None:
        moment += timedelta(hours=2)
        run_due(moment)

    assert _pending().attempts == JOBS["mail.send"].attempts
    assert "SMTPRecipientsRefused" in _pending().last_error
    assert sink.letters == []


def test_a_refused_recipient_holds_nobody_else_up(sink: Sink, customer: "User") -> None:
    sink.refused.add("nobody@example.org")
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
    settings.EMAIL_BACKEND = "autodoctor.mail.outbox.EmailBackend"
    _post(customer)

    run_due(NOW)

    (kept,) = (settings.DATA / "outbox").glob("*.eml")
    assert b"To: customer@example.com" in kept.read_bytes()
    kept.unlink()
