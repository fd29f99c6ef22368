"""Floods, slow readers, revocation, and presence."""

from contextlib import closing
from socket import SO_RCVBUF, SOL_SOCKET
from socket import socket as TcpSocket  # noqa: N812 a class, here beside the fixture of sockets
from uuid import uuid4

import pytest

from autodoctor.room.tests.channel import closing_code, post
from tests.kit import scene
from tests.kit.scene import Talk
from tests.kit.server import Person, Server, running
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until

A_ROUND = 200  # messages that the stuck reader does not read


def test_a_flood_of_messages_is_refused_while_the_peers_messages_arrive(fresh: Server) -> None:
    """The server refuses excess frames with an error: it neither keeps them nor drops them silently."""
    talk = scene.stage(fresh)
    with talk.open(talk.customer) as customer, talk.open(talk.mechanic) as mechanic:
        sent = {customer.say(str(number)) for number in range(200)}
        customer.send("signal", data={})
        mechanic.expect("event", client_id=mechanic.say("and me?"))
        customer.send("ping")
        customer.expect("pong")
        refused = {frame["client_id"] for frame in customer.frames if frame.get("code") == "too_fast"}
    until(lambda: stored(talk) & sent == sent - refused)  # the last ones are still being written
    assert len(sent - refused) >= 40
    assert refused


def test_messages_of_a_person_on_many_pages_and_over_http_count_against_one_limit(fresh: Server) -> None:
    talk = scene.stage(fresh)
    with talk.open(talk.customer) as first, talk.open(talk.customer) as second, talk.open(talk.mechanic) as mechanic:
        for socket in (first, second):
            for number in range(60):
                socket.say(str(number))
        body = {"client_id": str(uuid4()), "text": "by the other way"}
        answers = [
            post(fresh, talk.customer, f"/api/sessions/{talk.id}/messages", body | {"client_id": str(uuid4())})
            for _ in range(30)
        ]
        mechanic.expect("event", client_id=mechanic.say("and me?"))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["error"] == "too_fast"


def test_a_session_whose_log_is_full_takes_no_more_messages(fresh: Server) -> None:
    talk = scene.stage(fresh)
    fresh.sql("UPDATE autodoctor_sessions_session SET seq = 20000 WHERE id = %s", scene.key(fresh, talk.id))
    with talk.open(talk.customer) as customer:
        client_id = customer.say("one more")
        customer.expect("error", client_id=client_id, code="session_closed")


def stored(talk: Talk) -> set[str]:
    return {client_id for _, client_id, _ in scene.messages_of(talk.server, talk.id)}


def test_a_page_that_stops_reading_is_disconnected_without_delaying_others(talk: Talk) -> None:
    with (
        talk.open(talk.customer) as customer,
        talk.open(talk.mechanic) as mechanic,
        closing(stuck_socket(talk)),
    ):
        before = memory_mb(talk.server)

        def talk_on() -> bool:
            for _ in range(A_ROUND):
                client_id = customer.say("x" * 3900)
                mechanic.expect("event", client_id=client_id)  # sooner than the frames behind the stuck one
                customer.expect("event", client_id=client_id)
            return stuck_is_gone(talk)

        until(talk_on)  # as long as it takes: a page has some seconds to read on
        assert memory_mb(talk.server) - before < 60


def stuck_socket(talk: Talk) -> TcpSocket:
    """Upgraded, and never read from again; nor does it answer pings."""
    stuck = TcpSocket()
    stuck.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    stuck.connect(("localhost", talk.server.port))
    stuck.sendall(
        f"GET {room(talk.id)} HTTP/1.1\r\nHost: localhost\r\nOrigin: {talk.server.url}\r\n"
        f"Cookie: sessionid={talk.mechanic.cookies['sessionid']}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert stuck.recv(12) == b"HTTP/1.1 101"
    return stuck


def stuck_is_gone(talk: Talk) -> bool:
    pages = "SELECT count(*) FROM autodoctor_sessions_connection WHERE session_id = %s"
    return talk.server.sql(pages, scene.key(talk.server, talk.id)) == [(2,)]


def memory_mb(server: Server) -> float:
    with open(f"/proc/{server.pid}/status") as status:
        return next(float(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def test_signing_out_closes_that_browsers_sockets_without_waiting_for_a_heartbeat() -> None:
    with running(environment={"ROOM": '{"heartbeat": 3600}'}) as server:
        talk = scene.stage(server)
        elsewhere = talk.open(second_browser(server, talk.customer))
        socket = talk.open(talk.customer)
        assert post(server, talk.customer, "/sign-out/").status_code == 302
        assert closing_code(socket) == 4401
        elsewhere.expect("event", client_id=elsewhere.say("still signed in here"))
        elsewhere.close()


def second_browser(server: Server, person: Person) -> Person:
    key = server.shell(
        "from django.conf import settings\nfrom django.contrib.auth import *\n"
        "from autodoctor.accounts.session_store import SessionStore\nfrom autodoctor.accounts.models import User\n"
        f"user = User.objects.get(pk='{person.id}')\nstore = SessionStore()\nstore[SESSION_KEY] = str(user.pk)\n"
        "store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]\n"
        "store[HASH_SESSION_KEY] = user.get_session_auth_hash()\nstore.create()\nprint(store.session_key)"
    )
    return Person(person.id, person.email, {"sessionid": key.strip().splitlines()[-1]})


@pytest.mark.parametrize("what", ["user.is_active = False", "user.password = 'another'"])
def test_a_ban_or_a_new_password_closes_every_socket_even_when_nobody_tells_us(talk: Talk, what: str) -> None:
    """Done by another process: the heartbeat (here a second) finds out."""
    with talk.open(talk.customer) as customer:
        talk.server.shell(
            "from autodoctor.accounts.models import User\n"
            f"user = User.objects.get(pk='{talk.customer.id}')\n{what}\nuser.save()"
        )
        assert closing_code(customer) == 4401
    assert closing_code(Socket(talk.server, room(talk.id), talk.customer)) == 4401


def test_a_mechanic_who_gives_the_request_back_is_disconnected_at_once(shared: Server) -> None:
    talk = scene.stage(shared, "accepted")
    with Socket(shared, room(talk.id), talk.customer) as customer:
        mechanic = Socket(shared, room(talk.id), talk.mechanic)
        mechanic.expect("welcome")
        assert post(shared, talk.mechanic, f"/api/sessions/{talk.id}/release").status_code == 200
        assert closing_code(mechanic) == 4404
        assert customer.expect("event", kind="session.released")["data"]["session"]["mechanic"] is None
    assert closing_code(Socket(shared, room(talk.id), talk.mechanic)) == 4404


def test_presence_follows_opening_joining_and_closing_pages(shared: Server) -> None:
    talk = scene.stage(shared, "accepted")
    with Socket(shared, room(talk.id), talk.customer) as customer:
        assert customer.expect("welcome")["presence"] == {"customer": "preparing", "mechanic": "away"}
        mechanic = Socket(shared, room(talk.id), talk.mechanic)
        customer.expect("presence", customer="preparing", mechanic="preparing")
        mechanic.close()
        customer.expect("presence", mechanic="away")
        mechanic = talk.open(talk.mechanic)
        customer.expect("presence", mechanic="preparing")
        customer.expect("event", kind="participant.joined")
        customer.expect("presence", customer="preparing", mechanic="in")
        mechanic.close()
        customer.expect("event", kind="participant.left")
        customer.expect("presence", mechanic="away")


def test_a_reload_does_not_change_presence(talk: Talk) -> None:
    with talk.open(talk.customer) as customer:
        mechanic = talk.open(talk.mechanic)
        for _ in range(3):
            mechanic.close()
            mechanic = talk.open(talk.mechanic)
        customer.expect("event", client_id=mechanic.say("back"))
        mechanic.close()
        changes = [frame for frame in customer.frames if frame["type"] == "presence" and frame["mechanic"] != "in"]
        assert changes == []


def test_a_stopping_server_closes_sockets_as_going_away_and_records_last_seen(fresh: Server) -> None:
    server, talk = fresh, scene.stage(fresh)
    sockets = [talk.open(talk.customer), talk.open(talk.mechanic)]
    for socket in sockets:
        socket.expect("event", client_id=socket.say("joined by now"))
    server.stop()
    assert [closing_code(socket) for socket in sockets] == [1001, 1001]
    ((stopped_at,),) = server.sql("SELECT renewed_at FROM autodoctor_sessions_process WHERE expires_at = renewed_at")
    server.start()
    until(lambda: server.sql("SELECT count(*) FROM autodoctor_sessions_connection") == [(0,)])
    seen = "SELECT count(*) FROM autodoctor_sessions_participant WHERE last_seen_at = %s"
    assert server.sql(seen, stopped_at) == [(2,)]


def test_participants_on_a_killed_server_were_last_seen_when_its_lease_was_renewed(fresh: Server) -> None:
    server, talk = fresh, scene.stage(fresh)
    talk.open(talk.customer).cut()
    with talk.open(talk.mechanic) as mechanic:
        mechanic.expect("event", client_id=mechanic.say("here"))
        server.restart()
    gone = "SELECT count(*) FROM autodoctor_sessions_sessionevent WHERE kind = 'participant.left'"
    until(lambda: server.sql(gone) >= [(1,)])
    until(lambda: server.sql("SELECT count(*) FROM autodoctor_sessions_process") == [(1,)])
