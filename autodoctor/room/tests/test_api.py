"""Messages and relay servers over HTTP."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.room.messages.writer import writer
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import State

pytestmark = pytest.mark.django_db(transaction=True)
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def stop_the_writer() -> Any:
    yield
    writer.stop()


def say(client: Client, session: Session, **body: object) -> Any:
    whole = {"client_id": str(uuid4()), "text": "hello"} | body
    return client.post(f"/api/sessions/{session.pk}/messages", whole, content_type="application/json")


def test_a_message_is_answered_with_its_event_and_again_with_the_same(
    session: Session, customer: User, client_of: ClientOf
) -> None:
    client, client_id = client_of(customer), str(uuid4())
    first = say(client, session, client_id=client_id)
    again = say(client, session, client_id=client_id)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["by"] == {"id": str(customer.id), "role": "customer", "name": customer.name}
    assert SessionEvent.objects.count() == 1
    reused = say(client, session, client_id=client_id, text="other")
    assert (reused.status_code, reused.json()["error"]) == (409, "client_id_reused")


def test_the_api_takes_no_message_for_a_session_that_is_over(
    session: Session, customer: User, client_of: ClientOf
) -> None:
    Session.objects.update(state=State.COMPLETED)
    answer = say(client_of(customer), session)
    assert (answer.status_code, answer.json()["error"]) == (409, "session_closed")


@pytest.mark.parametrize(
    "body", [{"text": ""}, {"text": " "}, {"text": "x" * 4001}, {"text": "a\0b"}, {"client_id": "1"}, {"text": 3}]
)
def test_the_api_answers_an_invalid_message_with_422(
    session: Session, customer: User, client_of: ClientOf, body: dict[str, object]
) -> None:
    answer = say(client_of(customer), session, **body)
    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert SessionEvent.objects.count() == 0


@pytest.mark.parametrize("path", ["messages", "ice-servers"])
def test_the_room_api_is_a_404_for_a_stranger_and_a_401_for_a_signed_out_visitor(
    session: Session, stranger: User, client_of: ClientOf, path: str
) -> None:
    for client, status in ((client_of(stranger), 404), (Client(), 401)):
        url = f"/api/sessions/{session.pk}/{path}"
        answer = say(client, session) if path == "messages" else client.get(url)
        assert answer.status_code == status
        assert set(answer.json()) == {"error", "detail"}


@pytest.fixture
def call(session: Session) -> Session:
    Session.objects.filter(pk=session.pk).update(kind="video")
    return session


@pytest.mark.parametrize(
    ("kind", "state", "person", "status"),
    [
        ("video", "accepted", "customer", 200),
        ("diagnostic", "waiting", "mechanic", 200),
        ("video", "live", "customer", 200),
        ("video", "reconnecting", "mechanic", 200),
        ("video", "live", "support", 403),
        ("video", "draft", "customer", 409),
        ("video", "requested", "customer", 409),
        ("video", "completed", "mechanic", 409),
        ("video", "cancelled", "customer", 409),
        ("video", "expired", "customer", 409),
    ],
)
def test_relay_credentials_are_for_the_participants_of_a_call_only(
    session: Session,
    request: pytest.FixtureRequest,
    client_of: ClientOf,
    kind: str,
    state: str,
    person: str,
    status: int,
) -> None:
    Session.objects.filter(pk=session.pk).update(kind=kind, state=state, end_reason="")
    answer = client_of(request.getfixturevalue(person)).get(f"/api/sessions/{session.pk}/ice-servers")
    assert answer.status_code == status
    assert ("ice_servers" in answer.json()) is (status == 200)


def test_a_chat_session_has_no_relay_credentials(
    session: Session, customer: User, client_of: ClientOf, settings: Settings
) -> None:
    settings.STUN_URLS, settings.TURN_URLS = ["stun:turn.example:3478"], ["turn:turn.example:3478"]
    settings.TURN_SECRET = "shared with coturn"
    Session.objects.filter(pk=session.pk).update(kind="chat", state="live")
    answer = client_of(customer).get(f"/api/sessions/{session.pk}/ice-servers")
    assert (answer.status_code, answer.json()["ice_servers"]) == (200, [])


def test_the_list_of_relays_is_empty_without_a_configured_relay(
    call: Session, customer: User, client_of: ClientOf
) -> None:
    assert client_of(customer).get(f"/api/sessions/{call.pk}/ice-servers").json() == {
        "ice_servers": [],
        "relay_only": False,
        "valid_seconds": 60 * 60,
    }


def test_relay_credentials_are_the_persons_own_and_expire(
    call: Session, mechanic: User, client_of: ClientOf, settings: Settings
) -> None:
    settings.STUN_URLS = ["stun:turn.example:3478"]
    settings.TURN_URLS = ["turn:turn.example:3478?transport=udp", "turns:turn.example:443"]
    settings.TURN_SECRET = "shared with coturn"
    stun, turn = client_of(mechanic).get(f"/api/sessions/{call.pk}/ice-servers").json()["ice_servers"]
    assert stun["urls"] == ["stun:turn.example:3478"]
    assert turn["urls"] == settings.TURN_URLS
    expires, _, user_id = turn["username"].partition(":")
    assert user_id == str(mechanic.id)
    assert 0 < int(expires) - time.time() <= 3600
    digest = hmac.new(b"shared with coturn", turn["username"].encode(), hashlib.sha1).digest()
    assert turn["credential"] == base64.b64encode(digest).decode()
