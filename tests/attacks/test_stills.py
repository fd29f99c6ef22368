"""Photos on demand and shared drawings, asked for by whoever may not: strangers, the wrong side, too often."""

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.journeys import quietly
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Person, Server
from tests.kit.sockets import Frame, Socket, room

FILE = str(uuid.uuid4())
STROKE: Frame = {"file": FILE, "act": "stroke", "stroke": "a", "tool": "pen", "place": 0, "points": [[0.5, 0.5]]}


@pytest.fixture
def talk(server: Server) -> Talk:
    talk = scene.stage(server)
    server.sql("UPDATE autodoctor_sessions_session SET kind = 'video' WHERE id = %s", scene.key(server, talk.id))
    return talk


@pytest.fixture
def pages(talk: Talk) -> Iterator[tuple[Socket, Socket]]:
    """The customer's page and the mechanic's, which have the call."""
    with talk.open(talk.customer) as customer, talk.open(talk.mechanic) as mechanic:
        for socket in (customer, mechanic):
            socket.send("join")
            settled(socket)
        yield customer, mechanic


def post(talk: Talk, person: Person, way: str = "", body: object = None) -> tuple[int, str]:
    client = quietly.client(talk.server, person)
    answer = client.post(f"/api/sessions/{talk.id}/stills{way}", json={} if body is None else body)
    return answer.status_code, answer.json().get("error", "") if answer.content else ""


def allow(talk: Talk, allowed: bool = True) -> None:
    assert post(talk, talk.customer, "/consent", {"allowed": allowed}) == (200, "")


def settled(socket: Socket) -> Socket:
    """Wait until the frames sent before have been handled."""
    socket.send("ping")
    socket.expect("pong")
    return socket


def heard(socket: Socket, *kinds: str) -> list[Frame]:
    settled(socket)
    return [frame for frame in socket.frames if frame["type"] in kinds]


def test_a_stranger_finds_nothing(talk: Talk, pages: object, server: Server) -> None:
    allow(talk)
    (stranger,) = server.enroll(1, "stranger-")
    for way, body in (("", {}), ("/consent", {"allowed": True}), (f"/{uuid.uuid4()}/failure", {"why": "no_camera"})):
        assert post(talk, stranger, way, body) == (404, "not_found")


def test_only_the_mechanic_asks_and_only_the_customer_allows(talk: Talk, pages: object) -> None:
    assert post(talk, talk.mechanic) == (403, "not_allowed")
    assert post(talk, talk.mechanic, "/consent", {"allowed": True}) == (403, "not_the_customer")
    allow(talk)
    assert post(talk, talk.customer) == (403, "not_the_mechanic")
    assert post(talk, talk.mechanic)[0] == 201
    allow(talk, allowed=False)
    assert post(talk, talk.mechanic) == (403, "not_allowed")


def test_nothing_is_taken_after_the_end(talk: Talk, pages: tuple[Socket, Socket]) -> None:
    allow(talk)
    quietly.act(talk.server, talk.customer, str(talk.id), "end")
    pages[0].expect("event", kind="session.ended")
    assert post(talk, talk.mechanic) == (409, "session_closed")
    assert post(talk, talk.customer, "/consent", {"allowed": False}) == (409, "session_closed")


@pytest.mark.parametrize("body", [{}, {"allowed": "yes"}, {"allowed": 1}, {"allowed": None}, []])
def test_consent_is_said_and_never_guessed(talk: Talk, body: object) -> None:
    assert post(talk, talk.customer, "/consent", body) == (422, "invalid")


def test_a_flood_of_requests_asks_for_one_photo(talk: Talk, pages: object) -> None:
    allow(talk)
    answers = [post(talk, talk.mechanic) for _ in range(12)]
    assert [status for status, _code in answers].count(201) == 1
    assert {code for _status, code in answers[1:]} <= {"still_open", "too_fast"}
    assert answers[-1] == (429, "too_fast")


def test_a_photo_for_a_request_that_is_another_sessions_is_refused(talk: Talk, pages: object, server: Server) -> None:
    allow(talk)
    other = scene.stage(server)
    asked = quietly.client(server, talk.mechanic).post(f"/api/sessions/{talk.id}/stills").json()
    answer = quietly.client(server, other.customer).post(
        f"/api/sessions/{other.id}/files", data={"still": asked["id"]}, files={"file": ("a.txt", b"clicks once")}
    )
    assert answer.status_code == 404


def test_camera_frames_need_consent_and_the_right_side(talk: Talk, pages: tuple[Socket, Socket]) -> None:
    customer, mechanic = pages
    refused: list[tuple[Socket, str, Frame]] = [
        (customer, "camera", {"torch": True, "zoom": None}),
        (customer, "still", {"id": FILE, "progress": 0.5}),
        (mechanic, "wish", {"torch": True}),
    ]
    for socket, kind, fields in refused:
        socket.send(kind, **fields)
        assert socket.expect("error")["code"] == "not_allowed"
    allow(talk)
    customer.expect("event", kind="camera.allowed")
    mechanic.expect("event", kind="camera.allowed")
    mechanic.send("camera", torch=True, zoom=None)
    assert mechanic.expect("error")["code"] == "not_allowed"
    customer.send("wish", torch=True)
    assert customer.expect("error")["code"] == "not_allowed"
    assert heard(mechanic, "camera", "still") == heard(customer, "wish") == []
    mechanic.send("wish", torch=True)
    assert customer.expect("wish") == {"type": "wish", "role": "mechanic", "torch": True}


def test_a_page_that_has_not_joined_draws_nothing(talk: Talk, pages: tuple[Socket, Socket]) -> None:
    with Socket(talk.server, room(talk.id), talk.customer) as another:
        another.send("drawing", **STROKE)
        assert another.expect("error")["code"] == "not_joined"
    assert heard(pages[1], "drawing") == []


def test_oversized_and_crooked_strokes_reach_nobody(talk: Talk, pages: tuple[Socket, Socket]) -> None:
    customer, mechanic = pages
    wrong: list[Frame] = [
        STROKE | {"points": [[0.5, 0.5]] * 1000},
        STROKE | {"points": [[2, 0.5]]},
        STROKE | {"place": 10**9},
        STROKE | {"stroke": "x" * 5000},
    ]
    for frame in wrong:
        customer.send("drawing", **frame)
        assert customer.expect("error")["code"] in {"invalid_frame", "too_long"}
        customer.frames.clear()
    assert heard(mechanic, "drawing") == []


def test_a_flood_of_strokes_is_held_back_and_harms_nobody(talk: Talk, pages: tuple[Socket, Socket]) -> None:
    customer, mechanic = pages
    for _ in range(400):
        customer.send("drawing", **STROKE)
    assert customer.expect("error")["code"] == "too_fast"
    mechanic.expect("event", client_id=mechanic.say("still here"))
    assert 0 < len(heard(mechanic, "drawing")) < 400


def test_a_drawing_carries_its_true_sender_and_nothing_else(talk: Talk, pages: tuple[Socket, Socket]) -> None:
    customer, mechanic = pages
    customer.send("drawing", **STROKE, role="mechanic", by={"role": "support"}, session=str(uuid.uuid4()))
    assert mechanic.expect("drawing") == {"type": "drawing", "role": "customer"} | STROKE
    assert json.dumps(heard(customer, "drawing")) == "[]"
