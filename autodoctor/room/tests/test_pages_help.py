"""The page of "Get help", which works without scripts."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.files.tests.samples import PDF, upload
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.lifecycle import help_requests
from autodoctor.sessions.models import Session

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    return live_session(customer, mechanic)


def at(session: Session) -> str:
    return f"/sessions/{session.id}/help/"


def test_a_question_to_support_stands_in_its_thread(session: Session, customer: User, client_of: ClientOf) -> None:
    client = client_of(customer)
    sent = client.post(at(session), {"reason": "payment", "text": "Why?", "client_id": str(uuid4())})
    assert (sent.status_code, sent.headers["Location"]) == (303, at(session))
    shown = client.get(at(session)).content.decode()
    assert "Why?" in shown
    assert "Payment or price" in shown
    assert "We have notified our support team" in shown


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"reason": "", "text": "It smokes"}, "Choose a topic."),
        ({"reason": "danger", "text": " "}, "a few words"),
    ],
)
def test_a_refused_question_to_support_keeps_the_typed_text(
    session: Session, customer: User, client_of: ClientOf, sent: dict[str, str], sentence: str
) -> None:
    client_id = str(uuid4())
    answer = client_of(customer).post(at(session), sent | {"client_id": client_id})
    shown = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert sentence in shown
    assert sent["text"].strip() in shown
    assert client_id in shown
    if sent["reason"]:
        assert f'value="{sent["reason"]}" selected' in shown


def test_a_script_that_asks_support_gets_json(session: Session, customer: User, client_of: ClientOf) -> None:
    headers = {"Accept": "application/json"}
    client = client_of(customer)
    assert client.post(at(session), {"reason": "x", "text": "y"}, headers=headers).json()["error"] == "reason"
    assert client.post(at(session), {"reason": "other", "text": "y"}, headers=headers).status_code == 201


def test_the_api_takes_a_question_to_support_once_and_shows_its_thread(
    session: Session, mechanic: User, client_of: ClientOf
) -> None:
    client, address = client_of(mechanic), f"/api/sessions/{session.id}/help"
    body = {"reason": "missing", "text": "She is gone", "client_id": str(uuid4())}
    for _ in range(2):
        sent = client.post(address, body, content_type="application/json")
        assert (sent.status_code, sent.json()["kind"]) == (201, "help.asked")
    thread = client.get(address).json()
    assert thread["open"] is True
    assert [event["data"]["text"] for event in thread["events"]] == ["She is gone"]


@pytest.mark.parametrize("who", ["customer", "mechanic"])
def test_the_page_of_a_session_links_to_the_help_of_support(
    session: Session, who: str, request: pytest.FixtureRequest, client_of: ClientOf
) -> None:
    client = client_of(request.getfixturevalue(who))
    for state in ("live", "completed"):
        Session.objects.filter(id=session.id).update(state=state, ended_at=session.state_at, end_reason="time_up")
        assert f'href="{at(session)}"' in client.get(f"/sessions/{session.id}/").content.decode()


def test_the_form_of_a_session_takes_files_for_support_only(
    session: Session, customer: User, mechanic: User, client_of: ClientOf, settings: Settings, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    stored = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "stored"}}
    settings.STORAGES = settings.STORAGES | {"files": stored}
    client = client_of(customer)
    form = {"reason": "other", "text": "See this", "client_id": str(uuid4()), "file": [upload("leak.pdf", PDF)]}
    assert client.post(at(session), form).status_code == 303
    (asked,) = help_requests.thread_of(session, customer).words
    address = f"/sessions/{session.id}/help/files/{asked.data['files'][0]['id']}/"
    assert address in client.get(at(session)).content.decode()
    assert [client_of(one).get(address).status_code for one in (customer, mechanic)] == [302, 404]
