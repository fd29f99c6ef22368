"""Answers to our mails: into the help thread of who got the mail, in their own words, once."""

import base64
import io
import json
import os
import re
import sys
import time
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.conversations.messages import LONGEST
from autodoctor.mail import incoming, message_ids, page_bodies, replies
from autodoctor.mail.jobs import JOBS
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.tests.story import NOON, Story
from autodoctor.support import inbound_mail
from autodoctor.support.inbound_mail import Outcome

pytestmark = pytest.mark.django_db
QUOTED = (
    "Thank you, that helped!\n\nOn Mon, 2 Mar 2026 at 12:00, The Auto Doctor <hello@x.example>\nwrote:\n> Our words\n"
)


@pytest.fixture(autouse=True)
def mailbox(settings: Settings) -> None:
    settings.INBOUND_ADDRESS = "help@in.example.com"


def letter(story: Story, by: User, text: str = QUOTED, **heads: str) -> EmailMessage:
    message = EmailMessage()
    given = {
        "From": f"Somebody <{by.email}>",
        "To": replies.address_for(story.id, by.pk),
        "Message-ID": "<1@x.example>",
    }
    for name, value in (given | {name.replace("_", "-"): value for name, value in heads.items()}).items():
        message[name] = value
    message.set_content(text)
    return message_from_bytes(message.as_bytes(), policy=policy.default)


def asked(story: Story, person: User) -> list[str]:
    return [word.data["text"] for word in help_requests.thread_of(story.session, person).words]


def test_a_mailed_answer_is_a_question_in_the_thread_of_its_sender(story: Story) -> None:
    story.live()
    for _ in range(2):
        assert inbound_mail.take(letter(story, story.mechanic), now=story.now) is Outcome.TAKEN
    assert asked(story, story.mechanic) == ["Thank you, that helped!"]
    assert asked(story, story.customer) == []


@pytest.mark.parametrize(
    "heads",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"From": "MAILER-DAEMON@mail.example"},
    ],
)
def test_an_automatic_mail_is_dropped(story: Story, heads: dict[str, str]) -> None:
    story.live()
    message = letter(story, story.customer)
    for name, value in heads.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    assert inbound_mail.take(message, now=story.now) is Outcome.AUTOMATIC
    assert asked(story, story.customer) == []


def test_answer_with_malformed_recipients_is_taken(story: Story) -> None:
    story.live()
    own = replies.address_for(story.id, story.customer.pk)
    heads = f"From: {story.customer.email}\nTo: somebody@x.example, x <\nDelivered-To: {own}\nMessage-ID: <2@x"
    message = incoming.parse(f"{heads}\n\nIt rattles.".encode())
    assert inbound_mail.take(message, now=story.now) is Outcome.TAKEN
    assert asked(story, story.customer) == ["It rattles."]


def test_mail_that_python_cannot_read_is_dropped_and_sent_back(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    story.live()
    message = letter(story, story.customer)

    def broken(_message: EmailMessage) -> None:
        raise IndexError("string index out of range")

    monkeypatch.setattr(incoming, "read", broken)
    assert inbound_mail.take(message, now=story.now) is Outcome.UNREADABLE
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(message.as_bytes())))
    with pytest.raises(CommandError) as failed:
        call_command("take_mail")
    assert failed.value.returncode == os.EX_DATAERR
    assert asked(story, story.customer) == []


def test_only_the_recipient_of_a_mail_can_answer_it(story: Story, stranger: User) -> None:
    story.live()
    own = replies.address_for(story.id, story.customer.pk)
    foreign = [
        letter(story, stranger),
        letter(story, stranger, To=own),
        letter(story, story.customer, To="help@in.example.com"),
        letter(story, story.customer, To=f"help+{'a' * 42}@in.example.com"),
        letter(story, story.customer, To=own.replace("in.example.com", "elsewhere.example")),
        letter(story, story.customer, To=replies.address_for(story.id, story.mechanic.pk)),
    ]
    assert {inbound_mail.take(message, now=story.now) for message in foreign} == {Outcome.UNKNOWN}
    assert asked(story, story.customer) == []


def test_a_mail_that_cannot_be_taken_is_answered_with_the_reason(story: Story) -> None:
    story.live()
    assert inbound_mail.take(letter(story, story.customer, text="> only a quotation"), now=story.now) is Outcome.REFUSED
    (mail,) = Job.objects.filter(kind="mail.send", payload__template="support/mail/not_taken")
    assert "Write a few words" in mail.payload["context"]["why"]


def test_rest_of_a_mail_that_is_too_long_is_named_as_left_out(story: Story) -> None:
    story.live()
    assert inbound_mail.take(letter(story, story.customer, text="word " * 1000), now=story.now) is Outcome.TAKEN
    (text,) = asked(story, story.customer)
    assert len(text) <= LONGEST
    assert text.endswith("[The rest of the email was too long.]")


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Hallo\nDanke\n\nAm 02.03.2026 um 12:00 schrieb The Auto Doctor:\n> x", "Hallo\nDanke"),
        ("Yes\n\n-----Original Message-----\nFrom: x", "Yes"),
        ("Yes\r\n\r\nFrom: The Auto Doctor\r\nSent: Monday\r\n", "Yes"),
        ("Yes\n-- \nCasey\n+1 555", "Yes"),
        ("On it!\nFrom here it rattles.", "On it!\nFrom here it rattles."),
        ("> Does it rattle?\nYes", "Yes"),
        ("Hello,\n\n> Does it rattle?\nYes\n> Since when?\nMay\n\n-- \nCasey", "Hello,\n\nYes\nMay"),
        ("See below.\n\nOn Mon, Robin\nwrote:\n> Does it rattle?\n\nYes\n>> Older\n", "See below.\n\nYes"),
        ("On Mon, Robin wrote:\n> Does it rattle?\nYes\n-- \nCasey", "Yes"),
        ("Am 02.03.2026 um 12:00 schrieb Robin:\n\n> Rattelt es?\n\nJa", "Ja"),
    ],
)
def test_only_the_senders_own_words_of_a_mail_are_kept(text: str, own: str) -> None:
    assert incoming.own_words(text) == own


OURS = '<blockquote class="gmail_quote"><p>Does it rattle?</p><blockquote>Older</blockquote></blockquote>'


@pytest.mark.parametrize(
    ("markup", "own"),
    [
        (f"<p>Yes</p><div class='gmail_quote'><div class='gmail_attr'>Le lundi, X :<br></div>{OURS}</div>", "Yes"),
        (f"<div class='gmail_quote'>Pon. X napsal:<br>{OURS}</div><div>Yes &amp; no</div>", "Yes & no"),
        (f"Hello<br>{OURS}<div>Yes</div><blockquote>Since when?</blockquote><p>May</p>", "Hello\n\nYes\n\nMay"),
        ("<div class='moz-cite-prefix'>X skrev:<br></div><blockquote>Q</blockquote><p>Yes</p>", "Yes"),
        ("<html><head><title>t</title><style>p {margin: 0}</style></head><body><p>Yes</p></body></html>", "Yes"),
        ("<p>Yes</p><div id='appendonsend'></div><div id='divRplyFwdMsg'>From: X<br></div><p>Q</p>", "Yes"),
        ("<p>Yes</p><div class='gmail_quote'>---- Forwarded ----<br>Q</div>", "Yes"),
        ("<p>Yes</p><blockquote>Never closed", "Yes"),
        ("<!--[if mso]><xml><blockquote></xml><![endif]--><p>1 &lt; 2 < 3 <b>&amp;lt;</b></p>", "1 < 2 < 3 &lt;"),
        ("Yes</blockquote></blockquote><p>No</p>", "Yes\nNo"),
    ],
)
def test_answers_below_a_quotation_of_a_page_are_kept(story: Story, markup: str, own: str) -> None:
    story.live()
    message = letter(story, story.customer)
    message.set_content(markup, subtype="html")
    assert re.sub(r"\n+", "\n", incoming.read(message).text) == re.sub(r"\n+", "\n", own)


def test_pictures_pasted_below_a_quotation_are_taken(story: Story) -> None:
    message = letter(story, story.customer)
    page = "<p>Hello</p><blockquote><img src='cid:ours'></blockquote>Here: <img src='cid:mine'>"
    message.set_content(page, subtype="html")
    for name in ("ours", "mine"):
        message.add_related(b"x" * 9000, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")
    assert [file.name for file in incoming.read(message).files] == ["mine.png"]


@pytest.mark.parametrize(
    "odd", ["<", "<div", "<!--", "-->", "<blockquote>", "</blockquote", "<style>", "<div class=gmail_quote", "&"]
)
def test_a_huge_odd_page_is_read_in_a_moment(odd: str) -> None:
    begun = time.process_time()
    page_bodies.text_of(odd * 50_000)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("id_", [b"<caf\xe9@x.example>", b"<\xff\xfe>", b"\xed\xa0\x80", b""])
def test_a_mail_whose_id_is_no_text_is_taken_once(story: Story, id_: bytes) -> None:
    story.live()
    heads = f"From: {story.customer.email}\nTo: {replies.address_for(story.id, story.customer.pk)}\nMessage-ID: "
    raw = heads.encode() + id_ + b"\n\nIt rattles."
    for _ in range(2):
        assert inbound_mail.take(incoming.parse(raw), now=story.now) is Outcome.TAKEN
    assert asked(story, story.customer) == ["It rattles."]


def test_the_command_take_mail_reads_standard_input(
    story: Story, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    story.live()
    given = letter(story, story.customer).as_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    call_command("take_mail")
    assert capsys.readouterr().out == "taken\n"
    assert asked(story, story.customer) == ["Thank you, that helped!"]


def test_mail_from_postmark_is_taken_with_the_secret_only(story: Story, client: Client, settings: Settings) -> None:
    story.live()
    body = {
        "FromFull": {"Email": story.customer.email, "Name": ""},
        "ToFull": [{"Email": replies.address_for(story.id, story.customer.pk), "Name": ""}],
        "TextBody": QUOTED,
        "Headers": [{"Name": "Message-ID", "Value": "<1@x.example>"}],
        "Attachments": [],
    }

    def post(secret: str) -> int:
        proof = f"Basic {base64.b64encode(secret.encode()).decode()}"
        address = "/mail/inbound/postmark/"
        return client.post(
            address, json.dumps(body), content_type="application/json", HTTP_AUTHORIZATION=proof
        ).status_code

    assert post("a:b") == 404
    settings.INBOUND_SECRET = "a:b"
    settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": "a:b"}
    assert post("a:c") == 400
    assert asked(story, story.customer) == []
    assert post("a:b") == 200
    assert asked(story, story.customer) == ["Thank you, that helped!"]


def test_mails_about_a_session_can_be_answered(story: Story, mailoutbox: list[EmailMultiAlternatives]) -> None:
    story.pay()
    (job,) = Job.objects.filter(kind="mail.send")
    JOBS["mail.send"].run(job, story.now)
    assert mailoutbox[0].extra_headers["Reply-To"] == replies.address_for(story.id, story.customer.pk)


REPORT = """From: MAILER-DAEMON@mail.example
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}

--b
{quoted}
--b--
"""
HEADS = "Content-Type: text/rfc822-headers\n\nSubject: Your code\nMessage-ID: {id}\n"
WHOLE = "Content-Type: message/rfc822\n\nSubject: Your code\nMessage-ID: {id}\n\nYour code is …\n"


def report_about(address: str, *, quoted: str, action: str = "failed", status: str = "5.1.1") -> Outcome:
    report = REPORT.format(address=address, action=action, status=status, quoted=quoted)
    return inbound_mail.take(message_from_bytes(report.encode(), policy=policy.default), now=NOON)


@pytest.mark.parametrize("quoted", [HEADS, WHOLE])
@pytest.mark.parametrize(("action", "status", "fails"), [("failed", "5.1.1", True), ("delayed", "4.4.1", False)])
def test_a_bounced_mail_marks_its_address(
    customer: User, client: Client, support: User, action: str, status: str, fails: bool, quoted: str
) -> None:
    ours = quoted.format(id=message_ids.of_mail("a key", customer.email))
    assert report_about(customer.email.upper(), quoted=ours, action=action, status=status) is Outcome.AUTOMATIC
    client.force_login(customer)
    assert ("do not arrive" in client.get("/dashboard/").content.decode()) is fails
    client.force_login(support)
    assert ("Emails do not arrive" in client.get(f"/support/people/{customer.pk}/").content.decode()) is fails


def test_a_complaint_marks_the_address_until_a_mail_arrives(customer: User, client: Client, settings: Settings) -> None:
    settings.INBOUND_SECRET = "a:b"
    settings.ANYMAIL = {**settings.ANYMAIL, "WEBHOOK_SECRET": "a:b"}
    told = {"MessageID": "1", "Metadata": {}}
    complaint = told | {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": customer.email}
    delivery = told | {"RecordType": "Delivery", "Recipient": customer.email, "DeliveredAt": "2026-03-02T12:00:00Z"}
    for event, fails in ((complaint, True), (delivery, False)):
        proof = f"Basic {base64.b64encode(b'a:b').decode()}"
        answer = client.post(
            "/mail/events/postmark/", json.dumps(event), content_type="application/json", HTTP_AUTHORIZATION=proof
        )
        assert answer.status_code == 200
        customer.refresh_from_db()
        assert customer.mail_fails is fails


@pytest.mark.parametrize("quoted", [HEADS, WHOLE])
def test_a_report_that_somebody_made_up_marks_nobodys_address(customer: User, stranger: User, quoted: str) -> None:
    of_the_strangers_own_mail = message_ids.of_mail("a key", stranger.email)
    for id_ in ("", "<1@x.example>", of_the_strangers_own_mail, f"<{'0' * 32}.{'0' * 32}@localhost>"):
        assert report_about(customer.email, quoted=quoted.format(id=id_)) is Outcome.AUTOMATIC
    customer.refresh_from_db()
    assert not customer.mail_fails
