"""Attacks on help without a session: by strangers, by programs, by whoever holds a link."""

import json
from collections.abc import Callable
from datetime import timedelta
from string import ascii_letters, ascii_lowercase, digits
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking, forms, links
from autodoctor.conversations.messages import Answer
from autodoctor.conversations.models import WAITING, Conversation, State
from autodoctor.mail import replies
from autodoctor.mail.jobs import JOBS
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
SECRET, ANSWER = "my-account-was-stolen", "we-look-into-it"


@pytest.fixture
def asked(customer: User, support: User) -> Conversation:
    """An answered question of the customer."""
    now = timezone.now()
    found = asking.ask(asking.Question(topic="account", text=SECRET), by=customer, now=now)
    answering.answer(conversation_id=found.pk, by=support, answer=Answer(text=ANSWER), now=now)
    return found


@pytest.fixture
def of_visitor(db: None) -> Conversation:
    question, now = asking.Question(topic="booking", text=SECRET), timezone.now()
    found = asking.ask_as_visitor(question, name="Vera Visitor", email="vera@example.com", now=now)
    return asking.confirm(conversation_id=found.pk, now=now)


def visitor(**fields: str) -> dict[str, str]:
    shown = forms._signer.sign_object((timezone.now() - timedelta(seconds=10)).timestamp())
    form = {"topic": "other", "text": "Hello", "name": "Vera", "email": "vera@example.com", "shown": shown}
    return form | fields


@pytest.mark.parametrize("who", ["stranger", "mechanic"])
def test_a_stranger_gets_the_same_404_for_anothers_conversation_as_for_none(
    asked: Conversation,
    of_visitor: Conversation,
    who: str,
    request: pytest.FixtureRequest,
    client_of: ClientOf,
    settings: Settings,
) -> None:
    settings.LIMITS = {"help": [100, 1]}
    client = client_of(request.getfixturevalue(who))
    body = json.dumps({"text": "x"})
    for way in ("/help/{}/", "/help/{}/confirm/", "/api/help/{}", "/support/conversations/{}/"):
        answers = []
        for one in (asked.pk, of_visitor.pk, uuid4()):
            address = way.format(one)
            got = client.post(address) if "confirm" in way else client.get(address)
            posted = client.post(address, body, content_type="application/json")
            answers.append((got.status_code, posted.status_code))
            assert SECRET not in got.content.decode()
        assert answers == [(404, 404)] * 3, way
    assert "my-account" not in client.get("/help/").content.decode()
    assert asked.entries.count() == 2


def test_a_signed_out_visitor_does_not_learn_which_conversations_exist(
    asked: Conversation, of_visitor: Conversation, client: Client
) -> None:
    answers = {client.get(f"/help/{one}/").status_code for one in (asked.pk, of_visitor.pk, uuid4())}
    assert answers == {302}
    answers = {client.post(f"/help/{one}/confirm/").status_code for one in (asked.pk, of_visitor.pk, uuid4())}
    assert answers == {404}
    assert client.post(f"/help/{of_visitor.pk}/", {"text": "x"}).status_code == 302
    assert of_visitor.entries.count() == 1


def test_a_link_opens_one_visitors_conversation_and_no_other(
    asked: Conversation, of_visitor: Conversation, client: Client
) -> None:
    right = links.token_of(of_visitor)
    last_letters = (right[:-1] + letter for letter in f"{ascii_letters}{digits}-_" if letter != right[-1])
    for wrong in (*last_letters, right[:-1], right + "A", "x", "é", "%00", "A" * 400):
        assert client.get("/help/open/", {"link": wrong}).status_code == 404, wrong
    assert client.get(links.opening_path(asked)).status_code == 404  # a member's opens by signing in
    other = Conversation.objects.get(pk=of_visitor.pk)
    other.email = "eve@example.com"
    assert client.get(links.opening_path(other)).status_code == 404
    assert client.get(f"/help/open/?link={right}").headers["Location"] == f"/help/{of_visitor.pk}/"
    assert SECRET in client.get(f"/help/{of_visitor.pk}/").content.decode()
    assert client.get(f"/help/{asked.pk}/").status_code == 302


def test_the_reply_address_of_a_mail_does_not_open_the_conversation(of_visitor: Conversation, client: Client) -> None:
    """People show it to everybody whom they copy in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autodoctor.mail.replies.settings.INBOUND_ADDRESS", "help@in.example.com")
        token = replies.address_for(of_visitor.pk, of_visitor.email).partition("+")[2].partition("@")[0]
    assert client.get(f"/help/open/?link={token}").status_code == 404


def test_no_other_letter_at_its_end_makes_the_address_of_a_mail(of_visitor: Conversation, settings: Settings) -> None:
    """Two bits of the last letter stand for nothing."""
    settings.INBOUND_ADDRESS = "help@in.example.com"
    token = replies.token_in(replies.address_for(of_visitor.pk, of_visitor.email))
    others = (token[:-1] + letter for letter in ascii_lowercase + "234567")
    assert [one for one in others if replies.was_sent_to(one, of_visitor.pk, of_visitor.email)] == [token]


def test_the_link_of_a_conversation_redirects_at_once_and_is_not_cached(
    of_visitor: Conversation, client: Client
) -> None:
    answer = client.get(links.opening_path(of_visitor))
    assert answer.status_code == 302
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.head(links.opening_path(of_visitor)).status_code == 302


def test_signing_out_forgets_the_opened_conversations(
    of_visitor: Conversation, stranger: User, client_of: ClientOf
) -> None:
    client = client_of(stranger)
    client.get(links.opening_path(of_visitor))
    assert client.get(f"/help/{of_visitor.pk}/").status_code == 200
    client.post("/sign-out/")
    assert client.get(f"/help/{of_visitor.pk}/").status_code == 302


def test_a_visitors_words_are_not_mailed_to_the_typed_address(client: Client, mailoutbox: list[object]) -> None:
    """A visitor's form is no relay: neither name nor text reach the address."""
    client.post("/help/", visitor(name="Win a car: evil.example", text="Pay here: https://evil.example"))
    (job,) = Job.objects.filter(kind="mail.send")
    JOBS["mail.send"].run(job, timezone.now())
    assert "evil" not in str(mailoutbox[0].message())  # type: ignore[attr-defined]


def test_the_page_of_an_unconfirmed_question_has_no_links_from_its_text(client: Client) -> None:
    """Whoever opens the link may not have written it."""
    client.post("/help/", visitor(text="Your account is blocked: https://evil.example/"))
    found = Conversation.objects.get()
    browser = Client()
    page = browser.get(links.opening_path(found), follow=True).content.decode()
    assert "https://evil.example/" in page
    assert 'href="https://evil' not in page
    browser.post(f"/help/{found.pk}/confirm/")
    assert 'href="https://evil' in browser.get(f"/help/{found.pk}/").content.decode()


def test_a_stranger_is_not_flooded_with_mails(db: None) -> None:
    """However many computers type their address, and in whatever spelling."""
    for number in range(20):
        Client(REMOTE_ADDR=f"192.0.2.{number}").post(
            "/help/", visitor(email=f"Victim+{number}@example.com" if number % 2 else "victim@example.com")
        )
    assert Job.objects.filter(kind="mail.send").count() == 2


@pytest.mark.parametrize("field", ["name", "email"])
@pytest.mark.parametrize("line", ["\r\nBcc: all@example.com", "\nBcc: all@example.com", "\x00", "\x0bBcc: x@y.example"])
def test_a_line_break_in_a_question_adds_no_mail_header(client: Client, support: User, field: str, line: str) -> None:
    value = {"name": "Vera", "email": "vera@example.com"}[field] + line
    client.post("/help/", visitor(**{field: value}))
    for asked in Conversation.objects.filter(state__in=WAITING):
        assert asked.name.isprintable()
        assert asked.email == "vera@example.com"
        from autodoctor.conversations import notify

        notify.alert_support(asked, "untaken", "x", timezone.now())
    for job in Job.objects.filter(kind="mail.send"):
        assert "\n" not in job.payload["context"].get("name", "")
        JOBS["mail.send"].run(job, timezone.now())


def test_a_visitor_who_types_a_members_address_does_not_ask_as_that_account(client: Client, customer: User) -> None:
    """A visitor who types a member's address gets no part of that account."""
    client.post("/help/", visitor(email=customer.email))
    found = Conversation.objects.get()
    assert (found.asker, found.person, found.state) == ("visitor", None, State.UNCONFIRMED)
    browser = Client()
    browser.force_login(customer)
    assert "What is it about" in browser.get("/help/").content.decode()
    assert browser.get(f"/help/{found.pk}/").status_code == 404


@pytest.mark.parametrize("who", ["customer", "mechanic", "stranger"])
def test_only_support_answers_or_closes_a_question(
    asked: Conversation, who: str, request: pytest.FixtureRequest, client_of: ClientOf
) -> None:
    client = client_of(request.getfixturevalue(who))
    for act in ("answer", "answer_and_close", "close", "take", "hand_back"):
        form = {"act": act, "text": "Pay me in cash", "note": "x"}
        assert client.post(f"/support/conversations/{asked.pk}/", form).status_code == 404
    assert asked.entries.count() == 2


def test_a_banned_account_cannot_open_its_conversation(
    asked: Conversation, customer: User, client_of: ClientOf
) -> None:
    client = client_of(customer)
    User.objects.filter(pk=customer.pk).update(is_active=False)
    assert client.get(f"/help/{asked.pk}/").status_code == 302


def test_markup_in_a_conversation_is_shown_as_text(
    asked: Conversation, customer: User, support: User, client_of: ClientOf
) -> None:
    client_of(customer).post(f"/help/{asked.pk}/", {"text": "<script>alert(1)</script>"})
    for person, way in ((customer, "/help/{}/"), (support, "/support/conversations/{}/")):
        page = client_of(person).get(way.format(asked.pk)).content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert(1)" not in page


def test_an_act_of_support_on_a_question_redirects_only_within_the_site(
    asked: Conversation, support: User, client_of: ClientOf
) -> None:
    asking.write(conversation_id=asked.pk, text="More", now=timezone.now())
    form = {"act": "take", "back": "https://elsewhere.example/"}
    sent = client_of(support).post(f"/support/conversations/{asked.pk}/", form)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/support/")
