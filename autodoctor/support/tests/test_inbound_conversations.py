"""Answers to our mails about a question without a session land in its conversation."""

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.core.mail import EmailMultiAlternatives
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking
from autodoctor.conversations.messages import LONGEST, MOST, Answer
from autodoctor.conversations.models import Conversation, State
from autodoctor.mail import replies
from autodoctor.mail.jobs import JOBS
from autodoctor.scheduler.models import Job
from autodoctor.sessions.tests.story import NOON, Story
from autodoctor.support import inbound_mail
from autodoctor.support.inbound_mail import Outcome

pytestmark = pytest.mark.django_db
Send = Callable[[], list[EmailMultiAlternatives]]


@pytest.fixture(autouse=True)
def mailbox(settings: Settings) -> None:
    settings.INBOUND_ADDRESS = "help@in.example.com"


@pytest.fixture
def asked(customer: User) -> Conversation:
    return asking.ask(asking.Question(topic="account", text="I cannot sign in"), by=customer, now=NOON)


@pytest.fixture
def of_visitor(db: None) -> Conversation:
    question = asking.Question(topic="booking", text="Do you know old cars?")
    return asking.ask_as_visitor(question, name="Vera Visitor", email="vera@example.com", now=NOON)


@pytest.fixture
def send(mailoutbox: list[EmailMultiAlternatives]) -> Send:
    """Send what waits, and return all that was sent."""

    def run() -> list[EmailMultiAlternatives]:
        for job in Job.objects.filter(kind="mail.send").order_by("id"):
            JOBS["mail.send"].run(job, NOON)
            job.delete()
        return mailoutbox

    return run


def reply_to(sent: EmailMultiAlternatives) -> str:
    return str(sent.extra_headers["Reply-To"])


def letter(to: str, sender: str, text: str = "It rattles, too", **heads: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in ({"From": sender, "To": to, "Message-ID": "<1@x.example>"} | heads).items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message_from_bytes(message.as_bytes(), policy=policy.default)


def said(conversation: Conversation) -> list[str]:
    return list(conversation.entries.order_by("seq").values_list("text", flat=True))


def test_a_mailed_answer_is_added_to_its_conversation_once_and_reopens_it(
    asked: Conversation, customer: User, support: User, send: Send
) -> None:
    answering.answer(conversation_id=asked.pk, by=support, answer=Answer(text="Try again"), now=NOON)
    mail = send()[-1]
    assert mail.to == [customer.email]
    assert "Try again" in mail.body
    for _ in range(2):
        given = letter(reply_to(mail), f"Casey <{customer.email.upper()}>", "No\n\n> Try again")
        assert inbound_mail.take(given, now=NOON) is Outcome.TAKEN
    assert said(asked) == ["I cannot sign in", "Try again", "No"]
    asked.refresh_from_db()
    assert asked.state == State.OPEN


def test_an_answer_to_the_first_mail_confirms_the_address(of_visitor: Conversation, send: Send) -> None:
    (mail,) = send()
    assert mail.to == ["vera@example.com"]
    assert inbound_mail.take(letter(reply_to(mail), "vera@example.com"), now=NOON) is Outcome.TAKEN
    of_visitor.refresh_from_db()
    assert of_visitor.state == State.OPEN
    assert said(of_visitor) == ["Do you know old cars?", "It rattles, too"]


def test_an_empty_mailed_answer_confirms_the_address(of_visitor: Conversation, send: Send) -> None:
    (mail,) = send()
    assert inbound_mail.take(letter(reply_to(mail), "vera@example.com", "\n> Our words"), now=NOON) is Outcome.TAKEN
    of_visitor.refresh_from_db()
    assert of_visitor.state == State.OPEN


def test_an_automatic_reply_does_not_confirm_the_address(of_visitor: Conversation, send: Send) -> None:
    (mail,) = send()
    away = letter(reply_to(mail), "vera@example.com", Auto_Submitted="auto-replied")
    assert inbound_mail.take(away, now=NOON) is Outcome.AUTOMATIC
    of_visitor.refresh_from_db()
    assert of_visitor.state == State.UNCONFIRMED


def test_a_reply_of_somebody_whom_the_mail_was_forwarded_to_is_refused(of_visitor: Conversation, send: Send) -> None:
    (mail,) = send()
    assert inbound_mail.take(letter(reply_to(mail), "eve@example.com"), now=NOON) is Outcome.UNKNOWN
    of_visitor.refresh_from_db()
    assert of_visitor.state == State.UNCONFIRMED


@pytest.mark.parametrize("reader", ["eve@example.com", "", "vera@example.org"])
def test_a_reply_address_sealed_for_somebody_else_is_refused(of_visitor: Conversation, reader: str) -> None:
    forged = replies.address_for(of_visitor.pk, reader)
    assert inbound_mail.take(letter(forged, "vera@example.com"), now=NOON) is Outcome.UNKNOWN


def test_a_mailed_answer_of_a_banned_person_is_refused(asked: Conversation, customer: User) -> None:
    User.objects.filter(pk=customer.pk).update(is_active=False)
    address = replies.address_for(asked.pk, customer.pk)
    assert inbound_mail.take(letter(address, customer.email), now=NOON) is Outcome.UNKNOWN


def test_the_reply_address_of_a_session_does_not_reach_a_conversation(asked: Conversation, story: Story) -> None:
    story.pay()
    address = replies.address_for(story.id, story.customer.pk)
    assert inbound_mail.take(letter(address, story.customer.email), now=story.now) is Outcome.TAKEN
    assert said(asked) == ["I cannot sign in"]


def test_a_long_mailed_answer_is_cut_and_says_so(asked: Conversation, customer: User) -> None:
    given = letter(replies.address_for(asked.pk, customer.pk), customer.email, "word " * LONGEST)
    assert inbound_mail.take(given, now=NOON) is Outcome.TAKEN
    assert len(said(asked)[-1]) <= LONGEST
    assert said(asked)[-1].endswith("[The rest of the email was too long.]")


def test_a_refused_mailed_answer_is_replied_to_with_a_link_to_the_page(of_visitor: Conversation, send: Send) -> None:
    asking.confirm(conversation_id=of_visitor.pk, now=NOON)
    for number in range(MOST - 1):
        asking.write(conversation_id=of_visitor.pk, text=str(number), now=NOON)
    address = replies.address_for(of_visitor.pk, "vera@example.com")
    assert inbound_mail.take(letter(address, "vera@example.com"), now=NOON) is Outcome.REFUSED
    assert "/help/open/?link=" in send()[-1].body


def test_mails_to_support_about_a_question_have_no_reply_address(
    asked: Conversation, support: User, send: Send
) -> None:
    from autodoctor.conversations import notify

    notify.alert_support(asked, "untaken", "Nobody has taken a question", NOON)
    mail = send()[-1]
    assert mail.to == [support.email]
    assert mail.subject == "Nobody has taken a question: Casey Customer"
    assert f"/support/conversations/{asked.pk}/" in mail.body
    assert "Reply-To" not in mail.extra_headers
