"""Two processes with one database count together."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from uuid import uuid4

import pytest

from tests.kit import scene
from tests.kit.postgres import Postgres
from tests.kit.server import Person, Server, fresh_database
from tests.kit.sockets import Socket, room

Pair = tuple[Server, Server]
ENVIRONMENT = {
    "LIMITS": '{"messages": [20, 5], "changes": [10, 60]}',
    "SECRET_KEY": "one-key-for-both-of-them-that-nobody-else-ever-should-use",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, start_server: Callable[..., Server]) -> Iterator[Pair]:
    """Two server processes with one database."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            first = start_server(environment=ENVIRONMENT)
            second = stack.enter_context(closing(Server(first.data, environment=ENVIRONMENT)))
            second.start()
        else:
            cluster: Postgres = request.getfixturevalue("cluster")
            url = fresh_database(cluster, f"limits_{uuid4().hex[:8]}")
            first, second = (start_server(database_url=url, environment=ENVIRONMENT) for _ in range(2))
        yield first, second


def flood(server: Server, talk: scene.Talk, person: Person) -> tuple[Socket, set[str]]:
    socket = Socket(server, room(talk.id), person)
    socket.expect("welcome")
    return socket, {socket.say(str(number)) for number in range(60)}


def test_messages_to_two_servers_count_against_one_limit(pair: Pair) -> None:
    talk = scene.stage(pair[0])
    begun = time.monotonic()
    sockets = [flood(server, talk, talk.customer) for server in pair]
    refused = 0
    for socket, sent in sockets:
        while sent:
            frame = socket.receive()
            if frame.get("client_id") in sent:
                sent.remove(frame["client_id"])
                refused += frame.get("code") == "too_fast"
        socket.close()
    elapsed = time.monotonic() - begun
    assert 20 <= 120 - refused <= 20 + elapsed / 5 + 1


def test_forms_sent_to_two_servers_count_against_one_limit(pair: Pair) -> None:
    (person,) = pair[0].enroll(1)
    clients = [server.client(person) for server in pair]
    answers = [clients[number % 2].post("/account/", data={}) for number in range(14)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 4
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)


def test_guessed_passwords_at_two_servers_count_against_one_limit(pair: Pair) -> None:
    def guess(number: int) -> Any:
        form = {"login": "customer@example.com", "password": "a guess"}
        return pair[number % 2].client().post("/sign-in/", data=form)

    assert [guess(number).status_code for number in range(6)] == [200] * 5 + [429]
