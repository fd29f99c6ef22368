"""The desk's side of "Get help"."""

from collections.abc import Callable

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.models import Session

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic)


def at(session: Session) -> str:
    return f"/support/sessions/{session.id}/help/"


def test_both_threads_stand_beside_each_other(
    session: Session, customer: User, mechanic: User, support: User, client_of: ClientOf
) -> None:
    assert "There is no open question" in client_of(support).get(at(session)).content.decode()
    for person, text in ((customer, "It is too dark"), (mechanic, "I see nothing")):
        help_requests.ask_support(
            session_id=session.id, by=person, reason="connection", text=text, now=session.state_at
        )
    shown = client_of(support).get(at(session)).content.decode()
    assert shown.index("It is too dark") < shown.index("I see nothing")
    assert shown.count("Waiting for an answer") == 2


def test_an_answer_leads_back_to_where_it_was_written(
    session: Session, customer: User, support: User, client_of: ClientOf
) -> None:
    help_requests.ask_support(session_id=session.id, by=customer, reason="other", text="Hello?", now=session.state_at)
    back = f"/support/sessions/{session.id}/"
    sent = client_of(support).post(at(session), {"to": "customer", "text": "Yes", "back": back})
    assert (sent.status_code, sent.headers["Location"]) == (303, back)
    (said,) = session.events.filter(kind="help.answered")
    assert (said.audience, said.actor_id, said.actor_role) == ("customer", support.id, "support")


def test_a_refused_answer_returns_with_its_text_and_error(
    session: Session, customer: User, support: User, client_of: ClientOf
) -> None:
    help_requests.ask_support(session_id=session.id, by=customer, reason="other", text="Hello?", now=session.state_at)
    typed = "y" * 2001
    sent = client_of(support).post(at(session), {"to": "customer", "text": typed})
    assert sent.status_code == 422
    assert typed in sent.content.decode()
