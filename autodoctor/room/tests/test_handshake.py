"""The handshake of a socket, against a real server process."""

import asyncio
import json
import socket
import struct
import uuid
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from autodoctor.accounts.models import User
from autodoctor.room.hub import revocation
from autodoctor.room.hub.authentication import ConnectedUser
from autodoctor.room.hub.event_bus import EventBus
from autodoctor.room.socket import handshake
from autodoctor.room.tests.channel import closing_code
from autodoctor.room.wire import executor, protocol
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Person, Server, running
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "{url}.evil.example",
        "{url}/",
        "{upper}",
        "https{rest}",
        "{url}, http://evil.example",
        "",
    ],
)
def test_a_handshake_from_another_origin_is_refused_whatever_its_cookie(calm: Talk, origin: str | None) -> None:
    url = calm.server.url
    given = origin and origin.format(url=url, upper=url.replace("localhost", "LOCALHOST"), rest=url[4:])
    with pytest.raises(InvalidStatus) as refused:
        Socket(calm.server, room(calm.id), calm.customer, origin=given or None)
    assert refused.value.response.status_code == 403


def test_a_handshake_with_two_origins_is_refused(calm: Talk) -> None:
    with pytest.raises(InvalidStatus) as refused:
        Socket(calm.server, room(calm.id), calm.customer, headers={"Origin": "http://evil.example"})
    assert refused.value.response.status_code in (400, 403)


@pytest.mark.parametrize("key", ["", "x" * 32, "x" * 5000, "a b;c"])
def test_a_socket_without_a_valid_cookie_is_closed_as_signed_out(calm: Talk, key: str) -> None:
    nobody = Person("", "", {"sessionid": key}) if key else None
    assert closing_code(Socket(calm.server, room(calm.id), nobody)) == 4401


def test_a_person_who_opens_sockets_without_a_pause_is_refused() -> None:
    with running(environment={"LIMITS": json.dumps({"sockets": [3, 3600]})}) as server:
        talk = scene.stage(server)

        def is_refused(person: Person) -> bool:
            try:
                Socket(server, room(talk.id), person).close()
            except InvalidStatus as refused:
                return refused.response.status_code == 429
            return False

        assert [is_refused(talk.customer) for _ in range(4)] == [False, False, False, True]
        assert not is_refused(talk.mechanic)


class Line:
    """An open socket that remembers with which code it was closed."""

    closed: int | None = None

    def close(self, code: int) -> None:
        self.closed = code


def test_the_oldest_of_too_many_sockets_of_a_person_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted over all sessions and lists."""
    monkeypatch.setattr(revocation, "MOST_OPEN", 3)
    users, guest = revocation.ConnectedUsers(EventBus()), ConnectedUser("key", User())
    lines: list[Any] = [Line() for _ in range(5)]
    for line in lines:
        users.enter(line, guest)
    lines.append(Line())
    users.enter(lines[-1], ConnectedUser("other", User()))
    assert [line.closed for line in lines] == [4409, 4409, None, None, None, None]
    for line in lines:
        users.leave(line)
    assert len(users) == 0


async def test_who_lost_access_during_the_handshake_is_closed_when_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their access was read before it changed, and the note came before they were in."""

    async def nobody(*_: object) -> set[str]:
        return set()

    monkeypatch.setattr(executor, "read", nobody)
    bus = EventBus()
    users, lost, kept = revocation.ConnectedUsers(bus), User(), User()
    bus.deliver(revocation.AccessChanged(lost.id, None))
    lines: list[Any] = [Line(), Line()]
    users.enter(lines[0], ConnectedUser("key", lost))
    users.enter(lines[1], ConnectedUser("other", kept))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [line.closed for line in lines] == [protocol.SIGNED_OUT, None]


@pytest.mark.parametrize("path", ["{id}", "{other}", "nonsense", "", "{id}/more", "../feed"])
def test_sockets_to_a_foreign_and_to_a_missing_session_close_alike(calm: Talk, path: str) -> None:
    (stranger,) = calm.server.enroll(1, "stranger-" + uuid.uuid4().hex[:6])
    where = "/ws/sessions/" + path.format(id=calm.id, other=uuid.uuid4())
    assert closing_code(Socket(calm.server, where, stranger)) == 4404


def test_a_mechanic_sees_nothing_of_a_request_in_the_queue(shared: Server) -> None:
    talk = scene.stage(shared, "requested")
    assert closing_code(Socket(shared, room(talk.id), talk.mechanic)) == 4404
    with Socket(shared, room(talk.id), talk.customer) as customer:
        assert customer.expect("welcome")["session"]["state"] == "requested"


def test_a_client_that_leaves_during_the_handshake_leaves_no_connection(shared: Server) -> None:
    talk = scene.stage(shared)
    for _ in range(30):
        knock_and_run(talk)
    with talk.open(talk.customer) as customer:
        customer.expect("event", client_id=customer.say("let in after all of them"))
        pages = "SELECT count(*) FROM autodoctor_sessions_connection WHERE session_id = %s"
        until(lambda: shared.sql(pages, scene.key(shared, talk.id)) == [(1,)])


@pytest.mark.parametrize(
    ("query", "page"), [("page=a-1", "a-1"), ("page=%00", ""), ("after=1", ""), ("page=%ff", "\ufffd")]
)
def test_the_id_of_a_page_can_be_stored(query: str, page: str) -> None:
    assert handshake.page({"query_string": query.encode()}) == page


def knock_and_run(talk: Talk) -> None:
    """An upgrade, reset before it can be answered."""
    with socket.create_connection(("localhost", talk.server.port)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(
            f"GET {room(talk.id)} HTTP/1.1\r\nHost: localhost\r\nOrigin: {talk.server.url}\r\n"
            f"Cookie: sessionid={talk.customer.cookies['sessionid']}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
