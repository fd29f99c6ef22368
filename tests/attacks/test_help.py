"""Attacks on help threads: reading another person's thread by every reader of the log."""

import json
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.room.socket import log_pages
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.lifecycle import help_requests, releases
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
SECRET, ANSWER = "he-is-rude-to-me", "we-talk-to-him"
ClientOf = Callable[[User], Client]


@pytest.fixture
def asked(customer: User, mechanic: User, support: User) -> Session:
    """A live session in which the customer has asked and got an answer."""
    session = live_session(customer, mechanic)
    now = session.state_at
    help_requests.ask_support(session_id=session.id, by=customer, reason="behaviour", text=SECRET, now=now)
    said = help_requests.Answer(to="customer", text=ANSWER)
    help_requests.answer_help_request(session_id=session.id, by=support, answer=said, now=now)
    return session


def ways(session: Session) -> list[str]:
    here = f"/sessions/{session.id}/"
    pages = [here + each for each in ("", "panel/", "transcript/", "help/", "help/thread/")]
    return [
        *pages,
        f"/api{here}events",
        f"/api{here}help",
        f"/support{here}",
        f"/support{here}help/",
        f"/api{here}"[:-1],
    ]


def test_the_help_thread_of_a_participant_is_nowhere_shown_to_the_other(
    asked: Session, mechanic: User, client_of: ClientOf
) -> None:
    client = client_of(mechanic)
    opened = set()
    for way in ways(asked):
        answer = client.get(way)
        opened |= {way} if answer.status_code == 200 else set()
        assert SECRET not in answer.content.decode(), way
        assert ANSWER not in answer.content.decode(), way
    assert opened == {way for way in ways(asked) if not way.startswith("/support/")}
    assert "help." not in client.get(f"/api/sessions/{asked.id}/events").content.decode()


def test_the_socket_serves_help_events_to_their_asker_only(asked: Session, customer: User, mechanic: User) -> None:
    def served(person: User, role: str) -> str:
        page = log_pages.read_page(str(asked.id), str(person.id), role, 0)
        assert page
        return "".join(str(row.frame) for row in page.rows)

    assert SECRET in served(customer, "customer")
    assert ANSWER in served(customer, "customer")
    for secret in (SECRET, ANSWER, "help.asked"):
        assert secret not in served(mechanic, "mechanic")


def test_the_asker_reads_answers_in_the_thread_and_not_in_the_chat(
    asked: Session, customer: User, client_of: ClientOf
) -> None:
    client = client_of(customer)
    for way in (f"/sessions/{asked.id}/help/", f"/sessions/{asked.id}/help/thread/", f"/api/sessions/{asked.id}/help"):
        assert SECRET in client.get(way).content.decode()
    assert SECRET not in client.get(f"/sessions/{asked.id}/transcript/").content.decode()


@pytest.mark.parametrize("way", ["/sessions/{}/help/", "/sessions/{}/help/thread/", "/api/sessions/{}/help"])
def test_a_stranger_finds_no_help_thread(asked: Session, stranger: User, client_of: ClientOf, way: str) -> None:
    body = json.dumps({"reason": "other", "text": "x"})
    for session_id in (asked.id, uuid4()):
        address = way.format(session_id)
        assert client_of(stranger).get(address).status_code == 404
        if not address.endswith("thread/"):
            sent = client_of(stranger).post(address, body, content_type="application/json")
            assert sent.status_code == 404, address
    assert asked.events.filter(kind="help.asked").count() == 1


def test_a_mechanic_who_only_looks_at_a_request_finds_no_help_thread(
    customer: User, mechanic: User, client_of: ClientOf
) -> None:
    story = Story(customer, mechanic).pay()
    assert "It rattles" in client_of(mechanic).get(f"/sessions/{story.id}/").content.decode()
    for address in (
        f"/sessions/{story.id}/help/",
        f"/sessions/{story.id}/help/thread/",
        f"/api/sessions/{story.id}/help",
    ):
        assert client_of(mechanic).get(address).status_code == 404
    assert client_of(mechanic).post(f"/sessions/{story.id}/help/", {"reason": "other", "text": "x"}).status_code == 404


def test_the_next_mechanic_does_not_read_the_help_thread_of_the_one_before(
    customer: User, mechanic: User, mechanic2: User, client_of: ClientOf
) -> None:
    story = Story(customer, mechanic).pay().accept()
    help_requests.ask_support(session_id=story.id, by=mechanic, reason="other", text=SECRET, now=story.now)
    releases.release_request(session_id=story.id, by=mechanic, reason="x", now=story.now)
    story.accept(mechanic2)
    opened = set()
    for way in ways(story.session):
        answer = client_of(mechanic2).get(way)
        opened |= {way} if answer.status_code == 200 else set()
        assert SECRET not in answer.content.decode(), way
    assert opened == {way for way in ways(story.session) if not way.startswith("/support/")}


@pytest.mark.parametrize("who", ["customer", "mechanic", "stranger"])
def test_only_support_can_answer_in_a_help_thread(
    asked: Session, who: str, request: pytest.FixtureRequest, client_of: ClientOf
) -> None:
    client = client_of(request.getfixturevalue(who))
    address = f"/support/sessions/{asked.id}/help/"
    assert client.post(address, {"to": "customer", "text": "Pay me in cash"}).status_code == 404
    assert asked.events.filter(kind="help.answered").count() == 1


def test_support_answers_redirect_only_within_the_site(asked: Session, support: User, client_of: ClientOf) -> None:
    answer = {"to": "customer", "text": "Fine", "back": "https://elsewhere.example/"}
    sent = client_of(support).post(f"/support/sessions/{asked.id}/help/", answer)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/support/sessions/{asked.id}/help/")


def test_markup_in_a_thread_stays_text(asked: Session, customer: User, support: User, client_of: ClientOf) -> None:
    client_of(customer).post(f"/sessions/{asked.id}/help/", {"reason": "other", "text": "<script>alert(1)</script>"})
    for person, way in (
        (customer, "/sessions/{}/help/"),
        (customer, "/sessions/{}/"),
        (support, "/support/sessions/{}/help/"),
    ):
        shown = client_of(person).get(way.format(asked.id)).content.decode()
        assert "&lt;script&gt;alert(1)" in shown
        assert "<script>alert(1)" not in shown
