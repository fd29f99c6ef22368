"""Actions of a running session are refused before the payment and after the end, by every entry point."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import Session, SessionEvent
from autodoctor.sessions.states import State
from tests.kit import scene
from tests.kit.server import Server
from tests.kit.sockets import Socket, room

ClientOf = Callable[[User], Client]
LOG = "SELECT seq, kind FROM autodoctor_sessions_sessionevent WHERE session_id = %s ORDER BY seq"
OVER = [State.COMPLETED, State.CANCELLED, State.EXPIRED]


@pytest.fixture
def session_in(customer: User, mechanic: User) -> Callable[[State], Session]:
    def make(state: State) -> Session:
        claimed = mechanic if state in OVER else None
        return live_session(customer, claimed, state=state, started_at=None, ends_at=None)

    return make


def unchanged(session: Session) -> bool:
    before = (session.state, session.seq, session.mechanic_id)
    session.refresh_from_db()
    written = SessionEvent.objects.filter(session=session).exists()
    return (session.state, session.seq, session.mechanic_id) == before and not written


@pytest.mark.parametrize("state", [State.DRAFT, State.REQUESTED, *OVER])
@pytest.mark.parametrize("who", ["customer", "mechanic"])
def test_a_session_that_is_unpaid_or_over_can_be_neither_started_nor_ended(
    session_in: Callable[[State], Session],
    client_of: ClientOf,
    request: pytest.FixtureRequest,
    state: State,
    who: str,
) -> None:
    session = session_in(state)
    client = client_of(request.getfixturevalue(who))
    for action in ("start", "end"):
        refused = client.post(f"/api/sessions/{session.id}/{action}")
        assert (action, refused.status_code) in {
            *((action, status) for status in (403, 404, 409)),
            *({("end", 200)} if state == State.COMPLETED else ()),  # already over: the answer says so
        }
        assert client.post(f"/sessions/{session.id}/{action}/").status_code in {303, 404}
    assert unchanged(session)


@pytest.mark.parametrize("state", [State.DRAFT, *OVER])
def test_a_session_that_is_unpaid_or_over_is_in_no_queue_and_cannot_be_accepted(
    session_in: Callable[[State], Session], mechanic2: User, client_of: ClientOf, state: State
) -> None:
    session = session_in(state)
    client = client_of(mechanic2)
    assert client.post(f"/api/sessions/{session.id}/accept").status_code == 404
    assert client.post(f"/sessions/{session.id}/accept/").status_code == 404
    assert str(session.id) not in client.get("/api/queue").content.decode()
    assert unchanged(session)


@pytest.mark.parametrize("state", OVER)
def test_a_session_that_is_over_can_be_neither_accepted_nor_released(
    session_in: Callable[[State], Session], mechanic: User, client_of: ClientOf, state: State
) -> None:
    session = session_in(state)
    assert client_of(mechanic).post(f"/api/sessions/{session.id}/accept").status_code == 409
    given_back = client_of(mechanic).post(f"/api/sessions/{session.id}/release", content_type="application/json")
    assert given_back.status_code == 409
    assert unchanged(session)


def message() -> dict[str, str]:
    return {"client_id": str(uuid.uuid4()), "text": "hello?"}


@pytest.mark.parametrize("state", ["draft", "requested", "completed"])
def test_messages_joins_and_signals_before_acceptance_or_after_the_end_are_refused(server: Server, state: str) -> None:
    talk = scene.stage(server, "live" if state == "completed" else state)
    client = server.client(talk.customer)
    with Socket(server, room(talk.id), talk.customer) as customer:
        customer.expect("welcome")
        if state == "completed":
            assert client.post(f"/api/sessions/{talk.id}/end").status_code == 200
            customer.expect("event", kind="session.ended")
        log = server.sql(LOG, scene.key(server, talk.id))
        client_id = customer.say("hello?")
        assert customer.expect("error", client_id=client_id)["code"] == "session_closed"
        customer.send("signal", data={"sdp": "x"})
        assert customer.expect("error")["code"] == "not_joined"
        for frame in ("join", "typing"):
            customer.send(frame)
            assert customer.expect("error")["code"] == "session_closed"
    refused = client.post(f"/api/sessions/{talk.id}/messages", json=message())
    assert (refused.status_code, refused.json()["error"]) == (409, "session_closed")
    assert server.sql(LOG, scene.key(server, talk.id)) == log
    assert scene.state_of(server, talk.id) == state


def test_a_running_session_accepts_messages_by_api(server: Server) -> None:
    """Shows that the refusals above do not come from an API that refuses everything."""
    talk = scene.stage(server)
    sent = message()
    answer = server.client(talk.mechanic).post(f"/api/sessions/{talk.id}/messages", json=sent)
    assert (answer.status_code, answer.json()["data"]) == (200, {"text": "hello?"})
    assert [row[1] for row in scene.messages_of(server, talk.id)] == [sent["client_id"]]
