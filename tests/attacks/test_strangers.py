"""Another person's session looks exactly like a missing session, at every address."""

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from websockets.exceptions import ConnectionClosed

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.states import State
from tests.kit import scene
from tests.kit.server import Person, Server
from tests.kit.sockets import Socket, room

ClientOf = Callable[[User], Client]
MESSAGE = {"client_id": "7b1c7f9e-36cf-4c8b-9a3a-2c9d5d3f6f10", "text": "let me in"}
PAGES = [f"/sessions/{{id}}/{page}" for page in ("", "panel/", "transcript/", "?checkout=success")]
FORMS: list[tuple[str, dict[str, str]]] = [
    ("/sessions/{id}/checkout/", {}),
    ("/sessions/{id}/accept/", {}),
    ("/sessions/{id}/release/", {"reason": "other"}),
    ("/sessions/{id}/release/", {}),
    ("/sessions/{id}/start/", {}),
    ("/sessions/{id}/end/", {}),
    ("/sessions/{id}/cancel/", {}),
    ("/sessions/{id}/solved/", {"solved": "yes"}),
    ("/sessions/{id}/solved/", {}),
    ("/sessions/{id}/rating/", {"stars": "5", "line": "Great"}),
    ("/sessions/{id}/rating/", {}),
]
READ = [f"/api/sessions/{{id}}{part}" for part in ("", "/events", "/events?after=0&limit=500", "/ice-servers")]
WRITTEN: list[tuple[str, dict[str, Any] | None]] = [
    ("/api/sessions/{id}/accept", None),
    ("/api/sessions/{id}/release", {"reason": "other"}),
    ("/api/sessions/{id}/start", None),
    ("/api/sessions/{id}/end", None),
    ("/api/sessions/{id}/cancel", None),
    ("/api/sessions/{id}/solved", {"solved": True}),
    ("/api/sessions/{id}/messages", MESSAGE),
]
ACCEPT = ("/sessions/{id}/accept/", "/api/sessions/{id}/accept")


def look(answer: Any, id_: uuid.UUID) -> tuple[int, list[str], str]:
    """Return what a person sees of an answer, without random parts."""
    body = answer.content.decode().replace(str(id_), "ID")
    body = re.sub(r'(csrfmiddlewaretoken" value=|nonce=|x-csrftoken": )"[^"]*"', r"\1", body)
    return answer.status_code, sorted(answer.headers), body


def everything(client: Client, id_: uuid.UUID, *, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return every answer about this session, by request."""
    found = {path: client.get(path.format(id=id_)) for path in PAGES + READ}
    for path, form in FORMS:
        if path not in leave_out:
            for accept in ("text/html", "application/json"):
                headers = {"Accept": accept}
                found[f"{path} {form} {accept}"] = client.post(path.format(id=id_), form, headers=headers)
    for path, body in WRITTEN:
        if path not in leave_out:
            content = "" if body is None else json.dumps(body)
            found[path] = client.post(path.format(id=id_), content, content_type="application/json")
    return {asked: look(answer, id_) for asked, answer in found.items()}


@pytest.mark.parametrize("state", [State.DRAFT, State.REQUESTED, State.LIVE, State.COMPLETED])
def test_another_customers_session_is_the_same_404_as_an_unknown_one(
    customer: User, mechanic: User, stranger: User, client_of: ClientOf, state: State
) -> None:
    session = live_session(customer, mechanic if state in {State.LIVE, State.COMPLETED} else None, state=state)
    theirs, none = (everything(client_of(stranger), id_) for id_ in (session.id, uuid.uuid4()))
    assert theirs == none
    assert {status for status, _, _ in theirs.values()} == {404}
    session.refresh_from_db()
    assert (session.state, session.seq) == (state, 0)


@pytest.mark.parametrize("state", [State.DRAFT, State.LIVE, State.COMPLETED])
def test_another_mechanics_session_is_the_same_404_as_an_unknown_one(
    customer: User, mechanic: User, mechanic2: User, client_of: ClientOf, state: State
) -> None:
    """Exception: a mechanic who accepts too late is told that the request is taken."""
    session = live_session(customer, None if state == State.DRAFT else mechanic, state=state)
    late = ACCEPT if state == State.LIVE else ()
    theirs, none = (everything(client_of(mechanic2), id_, leave_out=late) for id_ in (session.id, uuid.uuid4()))
    assert theirs == none
    assert {status for status, _, _ in theirs.values()} == {404}
    session.refresh_from_db()
    assert (session.state, session.seq) == (state, 0)


def test_a_mechanic_may_look_at_a_request_and_no_more(
    customer: User, mechanic: User, client_of: ClientOf, stranger: User
) -> None:
    session = live_session(customer, None, state=State.REQUESTED)
    client = client_of(mechanic)
    seen = {path: client.get(path.format(id=session.id)).status_code for path in PAGES + READ}
    assert {path for path, status in seen.items() if status == 200} == {PAGES[0], PAGES[1], PAGES[3]}
    assert set(seen.values()) == {200, 404}
    page = client.get(PAGES[0].format(id=session.id)).content.decode()
    assert customer.email not in page


def test_lists_of_sessions_contain_ones_own_only(
    customer: User, mechanic: User, stranger: User, client_of: ClientOf
) -> None:
    session = live_session(customer, mechanic)
    for path in ("/dashboard/", "/dashboard/sessions/", "/api/sessions", "/book/"):
        assert str(session.id) not in client_of(stranger).get(path).content.decode()
        assert customer.email not in client_of(mechanic).get(path).content.decode()


def test_a_socket_to_anothers_session_closes_like_one_to_an_unknown_session(server: Server) -> None:
    talk, other = scene.stage(server), scene.stage(server, "requested")
    nowhere = uuid.uuid4()
    for person in (other.customer, other.mechanic):
        assert farewell(server, room(talk.id), person) == farewell(server, room(nowhere), person) == (4404, "")
    assert farewell(server, room(other.id), talk.mechanic) == (4404, "")


def farewell(server: Server, path: str, person: Person) -> tuple[int, str]:
    """Return close code and reason; no frame may come first."""
    with Socket(server, path, person) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.receive()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason
