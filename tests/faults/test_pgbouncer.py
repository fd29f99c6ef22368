"""The product behind PgBouncer in transaction mode, as `deploy/pgbouncer.ini` has it.

The pools are so small that all threads of a process share two connections: whatever one of them left in a session
would meet another.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.kit import pgbouncer, processes, scene
from tests.kit.pgbouncer import PgBouncer
from tests.kit.postgres import Postgres
from tests.kit.scene import Talk
from tests.kit.server import Server, fresh_database
from tests.kit.sockets import Socket
from tests.kit.waiting import until

StartServer = Callable[..., Server]
SIZE = 2
_numbers = count()


@pytest.fixture
def bouncer(cluster: Postgres) -> Iterator[PgBouncer]:
    if not pgbouncer.program():
        pytest.skip("PgBouncer is not installed")
    name = f"bounced_{next(_numbers)}"
    fresh_database(cluster, name)
    with pgbouncer.in_front_of(cluster, name, size=SIZE) as running:
        yield running
    cluster.drop(name)


def behind(bouncer: PgBouncer, start_server: StartServer, **deadlines: float) -> Server:
    """A server whose own queries all go through it; those of the test do not."""
    environment = bouncer.environment | {"ROOM": '{"heartbeat": 1}', "LIMITS": scene.UNLIMITED}
    return start_server(database_url=bouncer.direct_url, environment=environment, deadlines=deadlines)


@contextmanager
def all_taken(bouncer: PgBouncer) -> Iterator[list["psycopg.Connection[tuple[object, ...]]"]]:
    """Every connection of the requests is inside a transaction that does nothing."""
    with ExitStack() as stack:
        held = [stack.enter_context(psycopg.connect(bouncer.url)) for _ in range(SIZE)]
        for connection in held:
            connection.execute("SELECT 1")
        yield held


def say_until_confirmed(socket: Socket, text: str) -> None:
    """As the page does: what was not confirmed is sent again under the same name."""
    client_id = socket.say(text)
    while True:
        frame = socket.receive()
        if frame.get("client_id") == client_id:
            if frame["type"] == "event":
                return
            assert frame["code"] == "unavailable"
            socket.say(text, client_id)


def walk_to_live(talk: Talk) -> tuple[Socket, Socket]:
    server = talk.server
    assert server.client(talk.mechanic).post(f"/api/sessions/{talk.id}/accept").status_code == 200
    sockets = talk.open(talk.customer), talk.open(talk.mechanic)
    until(lambda: scene.state_of(server, talk.id) == "waiting")
    assert server.client(talk.mechanic).post(f"/api/sessions/{talk.id}/start").status_code == 200
    until(lambda: talk.has_joined(talk.customer) and talk.has_joined(talk.mechanic))
    return sockets


def test_a_chat_goes_from_the_request_to_its_end_while_pgbouncer_restarts(
    bouncer: PgBouncer, start_server: StartServer
) -> None:
    server = behind(bouncer, start_server)
    talk = scene.stage(server, "requested", seconds=12)
    customer, mechanic = walk_to_live(talk)
    with customer, mechanic:
        say_until_confirmed(customer, "It rattles")
        bouncer.restart()
        say_until_confirmed(mechanic, "Since when?")
        say_until_confirmed(customer, "Since Monday")
        until(lambda: scene.state_of(server, talk.id) == "completed")
    assert server.sql("SELECT end_reason FROM autodoctor_sessions_session WHERE id = %s", talk.id) == [("time_up",)]
    assert len(scene.messages_of(server, talk.id)) == 3


def test_requests_without_a_connection_are_refused_with_503_while_deadlines_fire(
    bouncer: PgBouncer, start_server: StartServer
) -> None:
    server = behind(bouncer, start_server, unattended=6, unnoticed=60, offer_stop=60)
    talk = scene.stage(server, "requested")
    (person,) = server.enroll(1, "visitor-")
    client = server.client(person)
    with all_taken(bouncer) as held:
        page, api = client.get("/dashboard/"), client.get("/api/sessions")
        until(lambda: scene.state_of(server, talk.id) == "expired")
        assert all(connection.execute("SELECT 1").fetchone() for connection in held)  # nobody has let go
    for answer in (page, api):
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert int(answer.headers["Retry-After"]) >= 1
    assert "Too much at once" in page.text
    assert api.json()["error"] == "unavailable"
    until(lambda: client.get("/dashboard/").status_code == httpx.codes.OK)


def test_what_a_client_has_forgotten_is_ended_by_the_limits_of_the_role(
    bouncer: PgBouncer, start_server: StartServer
) -> None:
    server = behind(bouncer, start_server)
    (person,) = server.enroll(1, "visitor-")
    assert "idle_in_transaction_session_timeout = 5s" in server.manage("database_limits")
    bouncer.restart()
    client = server.client(person)
    with all_taken(bouncer) as held:
        until(lambda: client.get("/dashboard/").status_code == httpx.codes.OK)
        for connection in held:
            with pytest.raises(psycopg.Error):
                connection.execute("SELECT 1")
            connection.close()
    with psycopg.connect(bouncer.url) as connection, pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("SELECT pg_sleep(600)")


def test_migrate_goes_past_pgbouncer_and_may_stall_for_longer(bouncer: PgBouncer, tmp_path: Path) -> None:
    environment = processes.environment(tmp_path) | bouncer.environment
    assert processes.run("manage", "database_limits", environment=environment).returncode == 0
    stalls = (
        "from django.core.management import call_command\n"
        "from django.db import connection\n"
        "from django.db.models.signals import pre_migrate\n"
        "def told(**_signal):\n"
        "    with connection.cursor() as cursor:\n"
        "        for name in ('idle_in_transaction_session_timeout', 'lock_timeout', 'statement_timeout'):\n"
        "            cursor.execute(f'SHOW {name}')\n"
        "            print(name, cursor.fetchone()[0])\n"
        "pre_migrate.connect(told, dispatch_uid='told')\n"
        "call_command('migrate', 'scheduler', verbosity=0)\n"
    )
    done = processes.run("manage", "shell", "--no-imports", "--command", stalls, environment=environment)
    assert done.stdout.splitlines()[:3] == [
        "idle_in_transaction_session_timeout 10min",
        "lock_timeout 5s",
        "statement_timeout 1h",
    ], done.stderr


def test_the_check_of_production_knows_pgbouncer_and_roles_without_limits(bouncer: PgBouncer, tmp_path: Path) -> None:
    check = "from autodoctor.operations.checks.services import database\nprint(*database(), sep='\\n')"

    def said(**environment: str) -> str:
        given = processes.environment(tmp_path) | environment
        done = processes.run("manage", "shell", "--no-imports", "--command", check, environment=given)
        return done.stdout + done.stderr

    wrong = said(DATABASE_URL=bouncer.url)
    assert "no idle_in_transaction_session_timeout, lock_timeout, statement_timeout: run `manage.py data" in wrong
    assert "DIRECT_DATABASE_URL" in wrong
    assert "CLOCK_DATABASE_URL" in wrong
    processes.run("manage", "database_limits", environment=processes.environment(tmp_path) | bouncer.environment)
    bouncer.restart()
    assert said(**bouncer.environment).strip() == ""
