"""Files of answered mails: through the checks of uploads, into the help thread of their sender and nowhere else."""

import errno
import io
import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.conversations import asking, thread_files
from autodoctor.conversations.models import Conversation
from autodoctor.conversations.models import State as ConversationState
from autodoctor.files import listing, storage
from autodoctor.files.errors import MAX_BYTES, FileRefused
from autodoctor.files.ingest import Upload
from autodoctor.files.models import StoredFile
from autodoctor.files.tests.samples import PDF, noise, photo, picture, position_in
from autodoctor.mail import incoming, replies
from autodoctor.rates.limits import HELP
from autodoctor.sessions.event_data import HelpQuestionData
from autodoctor.sessions.lifecycle import help_files, help_requests
from autodoctor.sessions.tests.story import Story
from autodoctor.support import inbound_mail
from autodoctor.support.inbound_mail import Outcome

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def places(settings: Settings, tmp_path: Path) -> None:
    settings.INBOUND_ADDRESS = "help@in.example.com"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    stored = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "stored"}}
    settings.STORAGES = settings.STORAGES | {"files": stored}


def letter(story: Story, text: str = "See the files.") -> EmailMessage:
    message = EmailMessage()
    message["From"] = story.customer.email
    message["To"] = replies.address_for(story.id, story.customer.pk)
    message["Message-ID"] = "<1@x.example>"
    message.set_content(text)
    return message


def attach(message: EmailMessage, name: str, content: bytes, kind: str = "image/jpeg", **more: Any) -> None:
    maintype, subtype = kind.split("/")
    message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name, **more)


def take(message: EmailMessage, story: Story) -> Outcome:
    return inbound_mail.take(incoming.parse(message.as_bytes()), now=story.now)


def question(story: Story) -> HelpQuestionData:
    (word,) = help_requests.thread_of(story.session, story.customer).words
    return word.data_as(HelpQuestionData)


def kept(story: Story) -> list[StoredFile]:
    return list(listing.files_of(help_files.owner_id(story.id, story.customer.pk)).order_by("name"))


def objects(settings: Settings) -> int:
    return sum(path.is_file() for path in storage.directory().rglob("*")) if storage.directory().exists() else 0


def test_mailed_photo_is_drawn_anew_and_stands_in_the_thread(story: Story) -> None:
    story.live()
    message = letter(story)
    attach(message, "Öl unter dem Auto.jpg", photo())
    attach(message, "report.pdf", PDF, "application/pdf")
    assert take(message, story) is Outcome.TAKEN
    assert [file["name"] for file in question(story)["files"]] == ["Öl unter dem Auto.jpg", "report.pdf"]
    image = next(file for file in kept(story) if file.kind == StoredFile.Kind.IMAGE)
    assert (image.uploader, bool(image.thumbnail_key)) == (story.customer, True)
    with listing.open_file(image) as stored:
        content = stored.read()
    assert position_in(content) == {}
    assert picture(content).size == (640, 480)
    assert "refused" not in question(story)


def test_mailed_file_is_visible_to_its_sender_and_support_only(
    story: Story, support: User, stranger: User, client_of: ClientOf
) -> None:
    story.live()
    message = letter(story)
    attach(message, "leak.jpg", photo())
    take(message, story)
    (file,) = kept(story)
    address = f"/sessions/{story.id}/help/files/{file.id}/"
    answers = {
        person.name: [client_of(person).get(f"{address}{part}").status_code for part in ("", "thumbnail/")]
        for person in (story.customer, support, story.mechanic, stranger)
    }
    assert list(answers.values()) == [[302, 302], [302, 302], [404, 404], [404, 404]]
    for person in (story.customer, story.mechanic, support):
        assert client_of(person).get(f"/sessions/{story.id}/files/{file.id}/").status_code == 404
        assert client_of(person).get(f"/api/sessions/{story.id}/files").json()["files"] == []
    assert client_of(stranger).get(f"/sessions/{story.id}/help/files/{story.id}/").status_code == 404


def test_file_of_a_session_has_no_address_in_the_thread(story: Story, client_of: ClientOf) -> None:
    story.live()
    file = StoredFile.objects.create(
        owner_id=story.id, uploader=story.customer, name="a.pdf", kind="pdf", size=1, key="k", created_at=story.now
    )
    assert client_of(story.customer).get(f"/sessions/{story.id}/help/files/{file.id}/").status_code == 404


@pytest.mark.parametrize("where", ["/sessions/{}/help/", "/support/sessions/{}/help/", "/support/sessions/{}/"])
def test_thread_shows_files_and_names_refused_ones(
    story: Story, support: User, client_of: ClientOf, where: str
) -> None:
    story.live()
    message = letter(story)
    attach(message, "leak.jpg", photo())
    attach(message, "setup<b>.exe", b"MZ" + bytes(200), "application/octet-stream")
    take(message, story)
    viewer = support if "support" in where else story.customer
    shown = " ".join(client_of(viewer).get(where.format(story.id)).content.decode().split())
    (file,) = kept(story)
    assert f"/sessions/{story.id}/help/files/{file.id}/?download=1" in shown
    assert "setup b .exe was not taken: This type of file cannot be shared." in shown


def test_mail_with_only_a_photo_is_a_question(story: Story) -> None:
    story.live()
    message = letter(story, text="\n")
    attach(message, "leak.jpg", photo())
    assert take(message, story) is Outcome.TAKEN
    assert (question(story)["text"], len(question(story)["files"])) == ("", 1)


def test_mail_handed_over_twice_keeps_its_files_once(story: Story, settings: Settings) -> None:
    story.live()
    message = letter(story)
    attach(message, "leak.jpg", photo())
    for _ in range(2):
        assert take(message, story) is Outcome.TAKEN
    assert len(kept(story)) == 1
    assert objects(settings) == 2  # the picture and its thumbnail


def test_files_of_the_slower_of_two_hand_overs_leave_nothing(story: Story, settings: Settings) -> None:
    story.live()
    message = letter(story)
    attach(message, "leak.jpg", photo())
    incoming_files = [("leak.jpg", lambda: upload_of(message))]
    thread = help_files.thread_of(story.session, story.customer)
    with thread_files.received(incoming_files, thread=thread, now=story.now) as enclosed:
        take(message, story)
        again = help_requests.ask_support(
            session_id=story.id,
            by=story.customer,
            reason="other",
            text="See the files.",
            client_id=help_requests.thread_of(story.session, story.customer).words[0].client_id,
            enclosed=enclosed,
            now=story.now,
        )
    assert again.seq == help_requests.thread_of(story.session, story.customer).words[0].seq
    assert (len(kept(story)), objects(settings)) == (1, 2)


def upload_of(message: EmailMessage) -> "Upload | None":
    (file,) = incoming.read(message).files
    _name, read = inbound_mail._incoming(file)
    return read()


def test_mail_without_message_id_is_taken_once(story: Story) -> None:
    story.live()
    message = letter(story)
    del message["Message-ID"]
    for _ in range(2):
        assert take(message, story) is Outcome.TAKEN
    assert question(story)["text"] == "See the files."


def test_number_of_files_in_a_mail_is_limited(story: Story) -> None:
    story.live()
    message = letter(story)
    for number in range(45):
        attach(message, f"{number:02}.txt", b"words", "application/octet-stream")
    take(message, story)
    said = question(story)
    assert [file["name"] for file in said["files"]] == [f"{number:02}.txt" for number in range(10)]
    assert [each["name"] for each in said["refused"][:2]] == ["10.txt", "11.txt"]
    assert (len(said["refused"]), said["refused"][-1]["name"]) == (thread_files.MOST_NAMED + 1, "15 more")
    assert "up to 10 files" in said["refused"][0]["why"]


def test_file_that_is_too_large_is_named_and_the_others_are_kept(story: Story, settings: Settings) -> None:
    story.live()
    message = letter(story)
    attach(message, "huge.pdf", PDF + bytes(MAX_BYTES), "application/pdf")
    attach(message, "empty.txt", b"", "application/octet-stream")
    attach(message, "leak.jpg", photo())
    take(message, story)
    assert [file["name"] for file in question(story)["files"]] == ["leak.jpg"]
    assert [each["name"] for each in question(story)["refused"]] == ["huge.pdf", "empty.txt"]
    assert "The limit is 10 MB" in question(story)["refused"][0]["why"]


def test_forwarded_mail_is_named_and_not_unpacked(story: Story) -> None:
    story.live()
    message, inner = letter(story), EmailMessage()
    inner["Subject"] = "Foreign"
    inner.set_content("Somebody else's words")
    attach(inner, "inner.jpg", photo())
    message.add_attachment(inner)
    take(message, story)
    assert "files" not in question(story)
    assert len(question(story)["refused"]) == 1
    assert question(story)["text"] == "See the files."


def test_logos_signatures_and_quoted_pictures_are_no_files(story: Story) -> None:
    """Mail programs put them in; a photo that its sender put between the words is one."""
    story.live()
    message = letter(story)
    page = '<p>Look <img src="cid:mine"><img src="cid:logo"></p><blockquote><img src="cid:ours"></blockquote>'
    message.add_alternative(page, subtype="html")
    large = noise("JPEG", (300, 300))
    for name, content in (("mine", large), ("logo", photo(size=(20, 20))), ("ours", large)):
        attach(message, f"{name}.jpg", content, disposition="inline", cid=f"<{name}>")
    attach(message, "signature.asc", b"-----BEGIN PGP SIGNATURE-----", "application/pgp-signature")
    take(message, story)
    assert [file["name"] for file in question(story)["files"]] == ["mine.jpg"]
    assert "refused" not in question(story)


def test_refused_question_costs_no_look_at_its_files(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.live()
    for number in range(HELP.at_once):
        message = letter(story)
        message.replace_header("Message-ID", f"<{number}@x.example>")
        take(message, story)
    message = letter(story)
    message.replace_header("Message-ID", "<more@x.example>")
    attach(message, "leak.jpg", photo())
    monkeypatch.setattr("autodoctor.files.ingest.take", lambda *_args, **_more: pytest.fail("looked at"))
    assert take(message, story) is Outcome.REFUSED


def hand_over(message: EmailMessage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a mail server does: on the command's standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(message.as_bytes())))


def test_files_that_cannot_be_stored_now_let_the_mail_be_handed_over_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live()
    message = letter(story)
    attach(message, "leak.jpg", photo())

    with monkeypatch.context() as broken:
        broken.setattr(storage, "put", _full)
        with pytest.raises(FileRefused, match="no_space"):
            take(message, story)
        hand_over(message, monkeypatch)
        with pytest.raises(CommandError) as failed:
            call_command("take_mail")
        assert failed.value.returncode == os.EX_TEMPFAIL
    assert help_requests.thread_of(story.session, story.customer).words == []
    hand_over(message, monkeypatch)
    call_command("take_mail")
    assert len(kept(story)) == 1


def test_files_after_a_slow_one_are_named(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.live()
    monkeypatch.setattr(thread_files, "SECONDS", -1.0)
    message = letter(story)
    attach(message, "leak.jpg", photo())
    take(message, story)
    assert "took too long" in question(story)["refused"][0]["why"]


def test_mail_that_cannot_be_read_is_sent_back_by_the_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "MOST_BYTES", 100)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Subject: x\n\n" + b"word " * 100)))
    with pytest.raises(CommandError) as failed:
        call_command("take_mail")
    assert failed.value.returncode == os.EX_DATAERR


def by_postmark(client: Client, settings: Settings, story: Story, content: bytes) -> int:
    """Hand over a photo as Postmark does; returns the status of the answer."""
    settings.INBOUND_SECRET = "a:b"
    settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": "a:b"}
    file = {"Name": "leak.png", "ContentType": "image/png", "ContentLength": len(content)}
    body = {
        "FromFull": {"Email": story.customer.email, "Name": ""},
        "ToFull": [{"Email": replies.address_for(story.id, story.customer.pk), "Name": ""}],
        "TextBody": "See the photo.",
        "Headers": [{"Name": "Message-ID", "Value": "<1@x.example>"}],
        "Attachments": [file | {"Content": b64encode(content).decode()}],
    }
    proof = f"Basic {b64encode(b'a:b').decode()}"
    address = "/mail/inbound/postmark/"
    answer = client.post(address, json.dumps(body), content_type="application/json", HTTP_AUTHORIZATION=proof)
    return answer.status_code


def test_postmark_hands_over_photos_of_several_megabytes(story: Story, client: Client, settings: Settings) -> None:
    story.live()
    large = noise("PNG", (1300, 1000))
    assert len(large) > 3 * 1024 * 1024
    assert by_postmark(client, settings, story, large) == 200
    assert [file["name"] for file in question(story)["files"]] == ["leak.png"]


def test_postmark_is_asked_to_hand_over_again_while_nothing_can_be_stored(
    story: Story, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.live()
    with monkeypatch.context() as broken:
        broken.setattr(storage, "put", _full)
        assert by_postmark(client, settings, story, photo("PNG")) == 507
    assert by_postmark(client, settings, story, photo("PNG")) == 200
    assert len(kept(story)) == 1


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "full")


def answer_to(asked: Conversation, text: str = "See the files.") -> EmailMessage:
    message = EmailMessage()
    message["From"] = asked.address
    message["To"] = replies.address_for(asked.pk, asked.person_id or asked.email)
    message["Message-ID"] = "<1@x.example>"
    message.set_content(text)
    return message


def of_visitor(now: datetime) -> Conversation:
    question = asking.Question(topic="booking", text="Do you know old cars?")
    return asking.ask_as_visitor(question, name="Vera", email="vera@example.com", now=now)


def test_files_of_a_mail_stand_in_the_conversation_that_it_answers(story: Story, settings: Settings) -> None:
    asked = of_visitor(story.now)
    message = answer_to(asked)
    attach(message, "leak.jpg", photo())
    attach(message, "setup.exe", b"MZ" + bytes(200), "application/octet-stream")
    for _ in range(2):
        assert take(message, story) is Outcome.TAKEN
    asked.refresh_from_db()
    assert asked.state == ConversationState.OPEN  # the answer confirms the address, then its files are taken
    (file,) = listing.files_of(asked.pk)
    assert (file.uploader, objects(settings)) == (None, 2)
    first, said = asked.entries.order_by("seq")
    assert (first.enclosed, said.text) == ({}, "See the files.")
    assert [one["name"] for one in said.data["files"]] == ["leak.jpg"]
    assert [one["name"] for one in said.data["refused"]] == ["setup.exe"]


def test_a_mail_to_a_conversation_may_bring_nothing_but_files(story: Story) -> None:
    question = asking.Question(topic="account", text="I cannot sign in")
    asked = asking.ask(question, by=story.customer, now=story.now)
    message = answer_to(asked, text="")
    attach(message, "screen.pdf", PDF, "application/pdf")
    assert take(message, story) is Outcome.TAKEN
    assert listing.files_of(asked.pk).get().uploader == story.customer


def test_a_mail_to_a_conversation_is_handed_over_again_where_files_cannot_be_stored(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = of_visitor(story.now)
    message = answer_to(asked)
    attach(message, "leak.jpg", photo())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as broken:
        broken.setattr(storage, "put", full)
        with pytest.raises(FileRefused):
            take(message, story)
    assert asked.entries.count() == 1
    assert take(message, story) is Outcome.TAKEN
    assert asked.entries.count() == 2
