"""The desk's side of "Get help"."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.models import Session

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic)


def at(session: Session) -> str:
    return f"/support/sessions/{session.id}/help/"


def test_the_help_threads_of_both_participants_stand_beside_each_other(
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


def test_a_refused_answer_is_shown_again_with_its_text_and_error(
    session: Session, customer: User, support: User, client_of: ClientOf
) -> None:
    help_requests.ask_support(session_id=session.id, by=customer, reason="other", text="Hello?", now=session.state_at)
    typed = "y" * 2001
    sent = client_of(support).post(at(session), {"to": "customer", "text": typed})
    assert sent.status_code == 422
    assert typed in sent.content.decode()


def asked(session: Session, by: User, text: str = "Hello?") -> int:
    return help_requests.ask_support(session_id=session.id, by=by, reason="other", text=text, now=session.state_at).seq


def test_an_answer_in_a_help_thread_sent_twice_is_stored_once(
    session: Session, customer: User, support: User, client_of: ClientOf
) -> None:
    form = {"to": "customer", "text": "Yes", "token": str(uuid4()), "seen": asked(session, customer)}
    assert [client_of(support).post(at(session), form).status_code for _ in range(2)] == [303, 303]
    assert session.events.filter(kind="help.answered").count() == 1
    assert Job.objects.filter(kind="mail.send", payload__template="sessions/mail/help_answered").count() == 1


def test_an_answer_from_a_page_that_a_colleague_overtook_says_so(
    session: Session, customer: User, support: User, client_of: ClientOf
) -> None:
    seen = asked(session, customer)
    colleague = User.objects.create_user("second@example.com", name="Chris Colleague", is_staff=True)
    client_of(colleague).post(at(session), {"to": "customer", "text": "Wait", "token": str(uuid4()), "seen": seen})
    form = {"to": "customer", "text": "Go ahead", "token": str(uuid4()), "seen": seen}
    stale = client_of(support).post(at(session), form)
    assert stale.status_code == 409
    assert "Meanwhile Chris Colleague wrote here" in stale.content.decode()
    assert "Go ahead" in stale.content.decode()
    assert session.events.filter(kind="help.answered").count() == 1
    form["seen"] = session.events.latest("seq").seq
    assert client_of(support).post(at(session), form).status_code == 303
