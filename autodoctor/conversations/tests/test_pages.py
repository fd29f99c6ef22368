"""The asker's pages: with an account, and without one."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.conversations import answering, asking, forms, links, views
from autodoctor.conversations.messages import LONGEST, Answer
from autodoctor.conversations.models import Conversation, State
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
QUESTION = {"topic": "account", "text": "I cannot sign in"}


def visitor(**fields: str) -> dict[str, str]:
    """What a visitor's browser sends, some seconds after the page was shown."""
    return QUESTION | {"name": "Vera Visitor", "email": "vera@example.com", "shown": shown(seconds=10)} | fields


def shown(*, seconds: float) -> str:
    return forms._signer.sign_object((timezone.now() - timedelta(seconds=seconds)).timestamp())


def answer(asked: Conversation, by: User, text: str = "Try again") -> None:
    answering.answer(conversation_id=asked.pk, by=by, answer=Answer(text=text), now=timezone.now())


def open_link(client: Client, asked: Conversation) -> Any:
    return client.get(links.opening_path(asked), follow=True)


def test_a_customer_asks_and_reads_the_answer(customer: User, support: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    form = client.get("/help/?topic=account").content.decode()
    assert 'value="account" selected' in form
    assert "email" not in re.findall(r'name="(\w+)"', form)
    sent = client.post("/help/", QUESTION | {"client_id": str(uuid4())})
    asked = Conversation.objects.get()
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/help/{asked.pk}/")
    answer(asked, support)
    assert "New answer" in client.get("/help/").content.decode()
    page = client.get(f"/help/{asked.pk}/").content.decode()
    assert "I cannot sign in" in page
    assert "Try again" in page
    assert "New answer" not in client.get("/help/").content.decode()


def test_the_help_page_says_when_it_leaves_out_older_questions(
    customer: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST", 2)
    said = []
    for text in ("First", "Second", "Third"):
        asking.ask(asking.Question(topic="account", text=text), by=customer, now=timezone.now())
        page = client_of(customer).get("/help/").content.decode()
        said.append((page.count("row__title"), "Only your latest 2 questions are shown." in page))
    assert said == [(1, False), (2, False), (2, True)]


def test_an_answer_is_written_on_the_page(customer: User, support: User, client_of: ClientOf) -> None:
    asked = asking.ask(asking.Question(topic="account", text="I cannot sign in"), by=customer, now=timezone.now())
    answer(asked, support)
    form = {"text": "It still fails", "client_id": str(uuid4())}
    for _ in range(2):
        assert client_of(customer).post(f"/help/{asked.pk}/", form).status_code == 303
    assert [entry.text for entry in asked.entries.order_by("seq")] == [QUESTION["text"], "Try again", "It still fails"]


@pytest.mark.parametrize("typed", [QUESTION | {"topic": ""}, QUESTION | {"text": "y" * (LONGEST + 1)}])
def test_a_refused_question_keeps_what_was_typed(customer: User, client_of: ClientOf, typed: dict[str, str]) -> None:
    sent = client_of(customer).post("/help/", typed)
    assert sent.status_code == 422
    assert typed["text"] in sent.content.decode()
    assert not Conversation.objects.exists()


def test_a_refused_message_keeps_what_was_typed(customer: User, client_of: ClientOf) -> None:
    asked = asking.ask(asking.Question(topic="account", text="I cannot sign in"), by=customer, now=timezone.now())
    typed = "y" * (LONGEST + 1)
    sent = client_of(customer).post(f"/help/{asked.pk}/", {"text": typed})
    assert sent.status_code == 422
    assert typed in sent.content.decode()


def test_a_visitor_asks_confirms_and_answers(client: Client, support: User, client_of: ClientOf) -> None:
    page = client.get("/help/").content.decode()
    assert 'name="shown"' in page
    sent = client.post("/help/", visitor(), follow=True)
    assert "vera@example.com" in sent.content.decode()
    asked = Conversation.objects.get()
    assert asked.state == State.UNCONFIRMED
    assert client.get(f"/help/{asked.pk}/").status_code == 302  # not by the browser that asked, but by the mail
    browser = Client()
    assert "Send my question" in open_link(browser, asked).content.decode()
    asked.refresh_from_db()
    assert asked.state == State.UNCONFIRMED  # mail programs follow links
    browser.post(f"/help/{asked.pk}/confirm/")
    asked.refresh_from_db()
    assert asked.state == State.OPEN
    answer(asked, support, "Use the link in the mail")
    assert "New answer" in browser.get("/help/").content.decode()
    assert "Use the link in the mail" in browser.get(f"/help/{asked.pk}/").content.decode()
    assert browser.post(f"/help/{asked.pk}/", {"text": "Thank you"}).status_code == 303
    asked.refresh_from_db()
    assert asked.state == State.OPEN


def test_a_visitor_cannot_write_more_before_the_address_is_confirmed(of_visitor: Conversation) -> None:
    browser = Client()
    open_link(browser, of_visitor)
    assert browser.post(f"/help/{of_visitor.pk}/", {"text": "More of it"}).status_code == 303
    assert of_visitor.entries.count() == 1
    assert "More of it" in browser.get(f"/help/{of_visitor.pk}/").content.decode()


def test_a_question_form_with_the_hidden_field_filled_in_stores_nothing(client: Client) -> None:
    asked = client.post("/help/", visitor(website="https://spam.example"))
    honest = client.post("/help/", visitor())
    assert asked.headers["Location"] == honest.headers["Location"]
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize("seconds", [None, 0, 100_000])
def test_a_form_that_no_person_filled_in_is_asked_for_again(client: Client, seconds: float | None) -> None:
    sent = client.post("/help/", visitor(shown="x" if seconds is None else shown(seconds=seconds)))
    page = sent.content.decode()
    assert sent.status_code == 422
    assert "look through your question once more" in page
    assert QUESTION["text"] in page
    assert not Conversation.objects.exists()


def test_a_question_form_sent_again_after_it_was_refused_as_too_quick_is_accepted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client.post("/help/", visitor(shown="x")).content.decode()
    again = re.search(r'name="shown" value="([^"]+)"', page)
    assert again
    monkeypatch.setattr(forms, "SHORTEST_WAIT", timedelta())
    assert client.post("/help/", visitor(shown=again[1])).status_code == 303


def test_questions_from_one_client_address_are_limited_per_hour(client: Client) -> None:
    answers = [client.post("/help/", visitor(email=f"v{n}@example.com")).status_code for n in range(12)]
    assert answers == [303] * 10 + [429] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "vera@example.com\nBcc: all@example.com"),
        ("email", "nobody"),
        ("email", f"{'x' * 250}@example.com"),
        ("name", "x" * 81),
        ("name", " "),
        ("name", "Vera\x00"),
    ],
)
def test_line_breaks_in_a_visitors_address_or_name_are_refused(client: Client, field: str, value: str) -> None:
    assert client.post("/help/", visitor(**{field: value})).status_code == 422
    assert not Job.objects.filter(kind="mail.send").exists()


def test_an_answer_to_a_known_address_is_that_to_an_unknown_one(client: Client, customer: User) -> None:
    answers = []
    for email in (customer.email, "nobody@example.com"):
        sent = client.post("/help/", visitor(email=email), follow=True)
        page = re.sub(r'"[^"]{30,}"|nonce="[^"]+"', "", sent.content.decode()).replace(email, "")
        answers.append((sent.redirect_chain, page))
    assert answers[0] == answers[1]
    assert not Conversation.objects.exclude(person=None).exists()


def test_a_signed_out_account_is_asked_to_sign_in_before_reading_an_answer(asked: Conversation, client: Client) -> None:
    answer = client.get(f"/help/{asked.pk}/")
    assert answer.headers["Location"] == f"/sign-in/?next=/help/{asked.pk}/"


def test_a_question_sent_after_the_sign_in_expired_is_kept(asked: Conversation, customer: User, client: Client) -> None:
    sent = client.post(
        f"/help/{asked.pk}/", {"text": "It still fails"}, HTTP_REFERER=f"http://testserver/help/{asked.pk}/"
    )
    assert sent.headers["Location"] == f"/sign-in/?next=/help/{asked.pk}/"
    client.post("/sign-in/", {"login": customer.email, "password": "demo"})
    assert ">It still fails</textarea>" in client.get(f"/help/{asked.pk}/").content.decode()
    assert ">It still fails</textarea>" not in client.get(f"/help/{asked.pk}/").content.decode()
    assert asked.entries.count() == 1


@pytest.mark.parametrize(
    ("who", "path", "link"),
    [
        ("", "/", "/help/"),
        ("", "/legal/imprint/", "/help/"),
        ("", "/nothing/here/", "/help/"),
        ("", "/book/", "/help/?topic=booking"),
        ("customer", "/account/", "/help/?topic=account"),
        ("customer", "/mechanics/apply/", "/help/?topic=mechanics"),
        ("mechanic", "/dashboard/", "/help/?topic=mechanics"),
    ],
)
def test_pages_link_to_the_help_form(
    who: str, path: str, link: str, request: pytest.FixtureRequest, client: Client, client_of: ClientOf
) -> None:
    browser = client_of(request.getfixturevalue(who)) if who else client
    assert f'href="{link}"' in browser.get(path).content.decode()


@pytest.mark.parametrize("page", ["400.html", "403.html", "404.html", "429.html", "500.html"])
def test_error_pages_link_to_the_help_form(page: str, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    assert ">Ask for help</a>" in render_to_string(page, request=request if page != "500.html" else None)


def test_support_is_redirected_from_the_help_form_to_its_desk(support: User, client_of: ClientOf) -> None:
    for answer in (client_of(support).get("/help/"), client_of(support).post("/help/", QUESTION)):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/support/")
    assert not Conversation.objects.exists()


def test_the_api_takes_questions_and_shows_their_answers(customer: User, support: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    body = QUESTION | {"client_id": str(uuid4())}
    first, second = (client.post("/api/help", body, content_type="application/json").json() for _ in range(2))
    assert first == second
    asked = Conversation.objects.get(pk=first["id"])
    answer(asked, support)
    assert client.get("/api/help").json()[0]["unread"] is True
    whole = client.get(f"/api/help/{asked.pk}").json()
    assert [(event["kind"], event["data"].get("text")) for event in whole["events"]] == [
        ("help.asked", "I cannot sign in"),
        ("help.answered", "Try again"),
    ]
    assert whole["events"][1]["by"] == {"role": "support", "name": support.name}
    more = client.post(f"/api/help/{asked.pk}", {"text": "No"}, content_type="application/json")
    assert (more.status_code, more.json()["kind"]) == (201, "help.asked")
    assert client.get("/api/help").json()[0]["unread"] is False
    refused = client.post("/api/help", QUESTION | {"text": "x" * (LONGEST + 1)}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]) == (422, "text")


def test_a_page_of_a_visitor_asks_for_what_is_new_only(
    of_visitor: Conversation, support: User, client_of: ClientOf
) -> None:
    browser = Client()
    open_link(browser, of_visitor)
    browser.post(f"/help/{of_visitor.pk}/confirm/")
    page = browser.get(f"/help/{of_visitor.pk}/")
    assert re.search(r'<live-list[^>]*every="20"', page.content.decode())
    known = {"If-None-Match": page.headers["ETag"]}
    same = browser.get(f"/help/{of_visitor.pk}/", headers=known)
    assert (same.status_code, same.content) == (304, b"")
    of_visitor.refresh_from_db()
    answer(of_visitor, support)
    fresh = browser.get(f"/help/{of_visitor.pk}/", headers=known)
    assert (fresh.status_code, "Try again" in fresh.content.decode()) == (200, True)
    assert Client().get(f"/help/{of_visitor.pk}/", headers=known).status_code == 302
