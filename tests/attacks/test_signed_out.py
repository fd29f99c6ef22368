"""A person who loses access is disconnected at once, everywhere."""

import re
import uuid
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.kit import scene
from tests.kit.server import Person, Server, running
from tests.kit.sockets import Socket, room

PASSWORD = "a-sentence-nobody-guesses"
GIVE_PASSWORD = """
from django.contrib.auth.hashers import make_password
from allauth.account.models import EmailAddress
from autodoctor.accounts.models import User
user = User.objects.get(email="{email}")
User.objects.filter(pk=user.pk).update(password=make_password("{password}"))
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


def opened(server: Server, person: Person, session_id: uuid.UUID) -> list[Socket]:
    """Open sockets of the room and the feed, both working."""
    sockets = [Socket(server, path, person) for path in (room(session_id), "/ws/feed")]
    sockets[0].expect("welcome")
    sockets[1].send("ping")
    sockets[1].expect("pong")
    return sockets


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with rare heartbeats, so that a socket is closed by the event itself and not by a check."""
    with running(environment={"ROOM": '{"heartbeat": 3600}'}) as started:
        yield started


def assert_closed_at_once(sockets: list[Socket]) -> None:
    for socket in sockets:
        with pytest.raises(ConnectionClosed) as closed:
            read_on(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
        socket.close()


def read_on(socket: Socket) -> None:
    while True:
        socket.receive()


def assert_out(server: Server, person: Person, session_id: uuid.UUID) -> None:
    with Socket(server, room(session_id), person) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401
    assert server.client(person).get("/api/sessions").status_code == 401


def test_signing_out_closes_every_socket_and_every_page_at_once(server: Server) -> None:
    talk = scene.stage(server)
    sockets = opened(server, talk.customer, talk.id)
    server.client(talk.customer).post("/sign-out/")
    assert_closed_at_once(sockets)
    assert_out(server, talk.customer, talk.id)


def test_a_ban_by_support_closes_every_socket_and_every_page_at_once(server: Server) -> None:
    talk = scene.stage(server)
    sockets = opened(server, talk.customer, talk.id)
    support = server.client(server.sign_in("support@example.com"))
    form = {"act": "ban", "reason": "rude"}
    assert support.post(f"/support/people/{talk.customer.id}/", data=form).status_code == 303
    assert_closed_at_once(sockets)
    assert_out(server, talk.customer, talk.id)


def test_changing_the_password_signs_the_other_browsers_out_at_once(server: Server) -> None:
    talk = scene.stage(server)
    server.shell(GIVE_PASSWORD.format(email=talk.mechanic.email, password=PASSWORD))
    here, there = (server.sign_in_by_form(talk.mechanic.email, PASSWORD) for _ in range(2))
    sockets = opened(server, there, talk.id)
    with server.client(here) as browser:
        changed = browser.post("/account/password/change/", data=new_password(browser))
        assert changed.status_code == 302, changed.text
        assert browser.get("/api/sessions").status_code == 200
    assert_closed_at_once(sockets)
    assert_out(server, there, talk.id)


def new_password(browser: httpx.Client) -> dict[str, str]:
    """Return the fields that the page asks for."""
    page = browser.get("/account/password/change/").text
    fields = re.findall(r'name="((?:old)?password\d?)"', page)
    return {name: PASSWORD if name.startswith("old") else PASSWORD + "-now" for name in fields}
