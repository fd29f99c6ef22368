"""Against mail services that are spoken to over HTTP: what they are given, and what their answers mean."""

from base64 import b64decode
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pytest_django import Settings

from autodoctor.mail import message_ids
from autodoctor.mail.delivery import deliver
from autodoctor.mail.message import Attachment
from autodoctor.mail.queue import queue_mail
from autodoctor.mail.tests.conftest import NOW
from autodoctor.scheduler.handlers import GiveUp
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.mail_service import MailService, mail_service

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

pytestmark = pytest.mark.django_db

CONTEXT = {"who": "Größe & Söhne", "begins_at": NOW.isoformat()}
PDF = Attachment("Bericht Größe.pdf", "application/pdf", b"%PDF-1.7 whole")
TAKEN: dict[str, dict[str, Any]] = {
    "resend": {"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"},
    "postmark": {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a", "To": "customer@example.com"},
}
# What each says of an address that it will never write to.
REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "resend": (422, {"statusCode": 422, "name": "validation_error", "message": "Invalid `to` field."}),
    "postmark": (
        422,
        {
            "ErrorCode": 406,
            "Message": "You tried to send to a recipient that has been marked as inactive.\n"
            "Found inactive addresses: customer@example.com.\nInactive recipients are ones that have bounced.",
        },
    ),
}


@pytest.fixture(params=["resend", "postmark"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(name: str, settings: Settings) -> Iterator[MailService]:
    """The one that mail now goes to."""
    with mail_service() as desk:
        settings.EMAIL_BACKEND = f"anymail.backends.{name}.EmailBackend"
        settings.ANYMAIL = {
            "RESEND_API_KEY": "re_key",
            "RESEND_API_URL": desk.url,
            "POSTMARK_SERVER_TOKEN": "re_key",
            "POSTMARK_API_URL": desk.url,
            "REQUESTS_TIMEOUT": 2,
        }
        desk.answer = (200, TAKEN[name])
        yield desk


def send(customer: "User", **more: Any) -> None:
    deliver("letters/invitation", to=customer, context=CONTEXT, key="1", **more)


def test_the_service_gets_every_part_of_a_mail(service: MailService, customer: "User", name: str) -> None:
    image = ("image/png", b"\x89PNG front")
    send(customer, attachments=[PDF], images={"front": image})

    (letter,) = service.letters
    given = {key.lower(): value for key, value in letter.items()}
    assert given["subject"] == "Größe & Söhne invites you"
    assert "customer@example.com" in str(given["to"])
    assert "Größe & Söhne waits" in (given.get("text") or given["textbody"])
    assert "Größe &amp; Söhne waits" in (given.get("html") or given["htmlbody"])
    assert message_ids.of_mail("1", customer.email) in str(given["headers"])
    files = {
        (file.get("filename") or file["Name"]): b64decode(file.get("content") or file["Content"])
        for file in given["attachments"]
    }
    assert files == {"Bericht Größe.pdf": PDF.content, "front.png": image[1]}
    cids = [file.get("content_id") or file.get("ContentID") for file in given["attachments"]]
    assert sorted(filter(None, cids)) == ["front" if name == "resend" else "cid:front"]
    assert "re_key" in str(service.headers[0])


def test_mail_to_an_address_refused_by_the_service_is_parked(service: MailService, customer: "User", name: str) -> None:
    service.answer = REFUSED[name]
    queue_mail("letters/invitation", to=customer, context=CONTEXT, key="1", now=NOW)

    run_due(NOW)

    job = Job.objects.get(kind="mail.send")
    assert (job.attempts, bool(job.parked_at)) == (1, True)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_mail_is_retried_after_an_error_of_the_service(
    service: MailService, customer: "User", status: int, name: str
) -> None:
    service.answer = (status, {"message": "not now", "ErrorCode": 10, "Message": "not now"})
    queue_mail("letters/invitation", to=customer, context=CONTEXT, key="1", now=NOW)
    run_due(NOW)
    job = Job.objects.get(kind="mail.send")
    assert (job.attempts, job.parked_at) == (1, None)
    assert "re_key" not in job.last_error

    service.answer = (200, TAKEN[name])
    run_due(NOW + timedelta(minutes=1))

    assert len(service.letters) == 1


def test_mail_is_retried_when_the_service_does_not_answer(
    service: MailService, customer: "User", settings: Settings
) -> None:
    url = "http://127.0.0.1:9/"
    settings.ANYMAIL = {**settings.ANYMAIL, "RESEND_API_URL": url, "POSTMARK_API_URL": url}
    queue_mail("letters/invitation", to=customer, context=CONTEXT, key="1", now=NOW)

    run_due(NOW)

    job = Job.objects.get(kind="mail.send")
    assert (job.attempts, job.parked_at) == (1, None)


def test_unknown_refusal_of_the_service_counts_as_refusal(service: MailService, customer: "User") -> None:
    """Postmark refuses in words; ones that the library does not know would pass for a success."""
    service.answer = (422, {"ErrorCode": 406, "Message": "No longer."})
    with pytest.raises(GiveUp):
        send(customer)


def test_a_permanent_refusal_reaches_the_job_that_delivers(service: MailService, customer: "User", name: str) -> None:
    service.answer = REFUSED[name]
    with pytest.raises(GiveUp):
        send(customer)
