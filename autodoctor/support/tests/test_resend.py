"""Mail that comes in at Resend: its signed event, the fetch of the mail, and what it says of our own mails."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.files.tests.samples import photo
from autodoctor.mail import incoming, replies, resend
from autodoctor.scheduler.handlers import GiveUp, Retry
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import HelpQuestionData
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.tests.story import Story
from autodoctor.support.jobs import JOBS, SupportJob
from tests.kit.mail_service import MailService, mail_service

pytestmark = pytest.mark.django_db
SECRET = "whsec_" + base64.b64encode(b"between Resend and us").decode()
ID = "56761188-7520-42d8-8898-ff6fc54ce618"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def service(settings: Settings, tmp_path: Path) -> Iterator[MailService]:
    settings.INBOUND_ADDRESS = "help@in.example.com"
    settings.RESEND_WEBHOOK_SECRETS = [SECRET]
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    stored = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "stored"}}
    settings.STORAGES = settings.STORAGES | {"files": stored}
    with mail_service() as desk:
        settings.ANYMAIL = {"RESEND_API_KEY": "re_key", "RESEND_API_URL": desk.url}
        yield desk


def signature(body: bytes, at: datetime, secret: str = SECRET, id_: str = "msg_1") -> dict[str, str]:
    moment = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    seal = hmac.new(key, f"{id_}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {"svix-id": id_, "svix-timestamp": moment, "svix-signature": f"v1,{base64.b64encode(seal).decode()}"}


def post(client: Client, event: Any, **more: Any) -> int:
    body = json.dumps(event).encode()
    heads = signature(body, timezone.now(), **more)
    answer = client.post("/mail/events/resend/", body, content_type="application/json", headers=heads)
    return answer.status_code


def received(id_: str = ID) -> dict[str, Any]:
    return {"type": "email.received", "data": {"email_id": id_, "from": "a@x.example", "attachments": []}}


def run(now: datetime) -> None:
    JOBS[SupportJob.FETCH_MAIL].run(Job.objects.get(kind=SupportJob.FETCH_MAIL), now)


def letter(story: Story) -> bytes:
    message = EmailMessage()
    message["From"] = story.customer.email
    message["To"] = replies.address_for(story.id, story.customer.pk)
    message["Message-ID"] = "<1@x.example>"
    message.set_content("It rattles.")
    message.add_attachment(photo(), maintype="image", subtype="jpeg", filename="leak.jpg")
    return message.as_bytes()


def test_mail_that_came_in_at_resend_is_fetched_with_its_files(
    story: Story, service: MailService, client: Client
) -> None:
    story.live()
    service.came_in[ID] = letter(story)
    for _ in range(2):
        assert post(client, received()) == 200
        run(story.now)
    (word,) = help_requests.thread_of(story.session, story.customer).words
    said = word.data_as(HelpQuestionData)
    assert (said["text"], [file["name"] for file in said["files"]]) == ("It rattles.", ["leak.jpg"])
    proofs = {path: heads.get("Authorization") for path, heads in zip(service.paths, service.headers, strict=True)}
    assert proofs == {f"/emails/receiving/{ID}": "Bearer re_key", f"/raw/{ID}": None}


@pytest.mark.parametrize(
    "heads",
    [
        {"svix-signature": ""},
        {"svix-signature": "v1,AAAA"},
        {"svix-id": "another"},
        {"svix-timestamp": ""},
        {"svix-timestamp": "soon"},
        {"svix-timestamp": "9" * 30},
    ],
)
def test_event_without_a_valid_signature_is_refused(
    service: MailService, client: Client, heads: dict[str, str]
) -> None:
    body = json.dumps(received()).encode()
    given = signature(body, timezone.now()) | heads
    answer = client.post("/mail/events/resend/", body, content_type="application/json", headers=given)
    assert (answer.status_code, Job.objects.count()) == (400, 0)


def test_event_signed_with_another_secret_is_refused(service: MailService, client: Client) -> None:
    other = "whsec_" + base64.b64encode(b"somebody else").decode()
    assert post(client, received(), secret=other) == 400


@pytest.mark.parametrize(("minutes", "valid"), [(-6, False), (-4, True), (4, True), (6, False)])
def test_signature_is_valid_for_five_minutes(minutes: int, valid: bool) -> None:
    heads = signature(b"{}", NOW + timedelta(minutes=minutes))
    assert resend.is_signed(b"{}", heads, [SECRET], NOW) is valid


def test_a_signature_by_either_of_two_secrets_is_valid_during_a_change() -> None:
    heads = signature(b"{}", NOW)
    older = "whsec_" + base64.b64encode(b"the one before").decode()
    heads["svix-signature"] = f"v1,AAAA {heads['svix-signature']}"
    assert resend.is_signed(b"{}", heads, [older, SECRET], NOW)
    assert not resend.is_signed(b"{}", heads, [older], NOW)
    assert not resend.is_signed(b'{"a": 1}', heads, [older, SECRET], NOW)


def test_address_does_not_exist_without_a_secret(client: Client) -> None:
    assert post(client, received()) == 404


@pytest.mark.parametrize(
    "event", [[], "text", None, {}, {"type": "email.received"}, {"type": "email.received", "data": 1}]
)
def test_signed_event_of_another_form_is_answered_in_words(service: MailService, client: Client, event: Any) -> None:
    assert post(client, event) == 400
    assert not Job.objects.exists()


def test_mail_that_cannot_be_fetched_now_is_fetched_later(story: Story, service: MailService, client: Client) -> None:
    story.live()
    service.came_in[ID] = letter(story)
    post(client, received())
    service.answer = (503, {})
    with pytest.raises(Retry, match="status 503"):
        run(story.now)
    service.answer = (200, {})
    run(story.now)
    assert len(help_requests.thread_of(story.session, story.customer).words) == 1


def test_mail_that_is_too_large_is_given_up_at_once(
    story: Story, service: MailService, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live()
    monkeypatch.setattr(resend, "MOST_BYTES", 1000)
    service.came_in[ID] = letter(story)
    post(client, received())
    with pytest.raises(GiveUp, match="TooLarge"):
        run(story.now)


def test_id_in_an_event_cannot_lead_to_another_address(service: MailService) -> None:
    with pytest.raises(resend.NotFetched):
        resend.fetch("../domains?x=/")
    assert service.paths == ["/emails/receiving/..%2Fdomains%3Fx%3D%2F"]


def test_mail_with_parts_deep_in_each_other_is_not_read_for_ever() -> None:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
    try:
        found = incoming.read(incoming.parse(head + b"\n\nwords"))
    except ValueError:
        return
    assert found.files == ()


@pytest.mark.parametrize(
    ("event", "fails"),
    [
        ({"type": "email.bounced", "data": {"bounce": {"type": "Permanent", "message": "no such user"}}}, True),
        ({"type": "email.bounced", "data": {"bounce": {"type": "Transient", "message": "full"}}}, False),
        ({"type": "email.complained", "data": {}}, True),
        ({"type": "email.opened", "data": {}}, False),
    ],
)
def test_permanent_bounce_or_complaint_at_resend_marks_the_address_until_a_mail_arrives(
    service: MailService, client: Client, customer: User, event: dict[str, Any], fails: bool
) -> None:
    event["data"]["to"] = [f"Casey <{customer.email}>"]
    assert post(client, event) == 200
    customer.refresh_from_db()
    assert customer.mail_fails is fails
    post(client, {"type": "email.delivered", "data": {"to": [customer.email]}})
    customer.refresh_from_db()
    assert customer.mail_fails is False


def test_fetching_holds_up_neither_deadlines_nor_mails() -> None:
    assert JOBS[SupportJob.FETCH_MAIL].lane is Lane.FILES
