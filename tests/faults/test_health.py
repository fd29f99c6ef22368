"""Readiness and metrics of a real server whose database goes away."""

import json
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.kit import scene
from tests.kit.postgres import Postgres
from tests.kit.server import PLAIN, Server, fresh_database
from tests.kit.tunnel import Tunnel, tunnel
from tests.kit.waiting import until

StartServer = Callable[..., Server]
TOKEN = "what-prometheus-shows"


@pytest.fixture
def line(cluster: Postgres) -> Iterator[Tunnel]:
    """The connection to the database."""
    with tunnel(urlsplit(cluster.url()).port or 0) as opened:
        yield opened


@pytest.fixture
def far(start_server: StartServer, cluster: Postgres, line: Tunnel) -> Server:
    """A server that reaches its database through `line`."""
    name = f"health_{uuid4().hex[:8]}"
    url = urlsplit(fresh_database(cluster, name))
    return start_server(database_url=url._replace(netloc=f"postgres@127.0.0.1:{line.port}").geturl())


def ready(server: Server) -> tuple[int, dict[str, bool], float]:
    """Return the status, the healthy parts, and the seconds that the answer took."""
    began = time.monotonic()
    answer = httpx.get(f"{server.url}/api/ready", timeout=10, **PLAIN)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return answer.status_code, {line["part"]: line["ok"] for line in lines}, time.monotonic() - began


def test_a_healthy_server_is_ready(far: Server) -> None:
    status, parts, _seconds = ready(far)
    assert (status, parts) == (200, {"database": True, "bus": True, "store": True, "clock": True})


def test_a_database_that_is_silent_is_told_within_two_seconds(far: Server, line: Tunnel) -> None:
    line.swallow()
    limit = time.monotonic() + 10
    while (found := ready(far))[0] == 200:  # an answer is kept for a second
        assert time.monotonic() < limit
    status, parts, seconds = found
    assert status == 503
    assert parts["database"] is False
    assert (parts["bus"], parts["store"]) == (True, True)
    assert seconds < 2
    assert min(ready(far)[2] for _ in range(3)) < 0.5  # a later request does not wait for the check that hangs
    assert httpx.get(f"{far.url}/api/health", timeout=2, **PLAIN).status_code == 200


def test_a_database_that_comes_back_makes_it_ready_again(start_server: StartServer, cluster: Postgres) -> None:
    server = start_server(database_url=fresh_database(cluster, f"health_{uuid4().hex[:8]}"))
    cluster.stop("immediate")
    try:
        until(lambda: ready(server)[0] == 503)
    finally:
        cluster.start()
    until(lambda: ready(server)[0] == 200)


def figures(server: Server) -> dict[str, float]:
    """Return every sample by name and first label."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"{server.url}/metrics", headers=headers, timeout=10, **PLAIN)
    assert answer.status_code == 200
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_figures_move_with_a_session(start_server: StartServer) -> None:
    server = start_server(environment={"METRICS_TOKEN": TOKEN})
    before = figures(server)
    talk = scene.stage(server, "requested")
    assert server.client(talk.mechanic).post(f"/api/sessions/{talk.id}/accept").status_code == 200
    with talk.open(talk.customer) as mine, talk.open(talk.mechanic) as theirs:
        mine.expect("event", kind="session.waiting")
        assert server.client(talk.mechanic).post(f"/api/sessions/{talk.id}/start").status_code == 200
        for number in range(5):
            mine.expect("event", client_id=mine.say(f"message {number}"))
        theirs.expect("event", kind="message.posted")
        until(lambda: figures(server)["autodoctor_sessions live"] == 1)  # sessions are counted once a second at most
        now = figures(server)
    grown = {name: value - before.get(name, 0) for name, value in now.items()}
    assert grown["autodoctor_messages_total"] == 5
    assert 1 <= grown["autodoctor_batch_messages_count"] <= 5
    assert grown["autodoctor_acceptance_seconds_count"] == 1
    assert grown["autodoctor_events_total session.started"] == 1
    assert now["autodoctor_sockets session"] == 2
    assert now["autodoctor_database_up"] == 1
    assert now["autodoctor_clock_lag_seconds"] < 5
    until(lambda: figures(server)["autodoctor_sockets session"] == 0)


def test_the_figures_are_for_nobody_else(start_server: StartServer) -> None:
    server = start_server(environment={"METRICS_TOKEN": TOKEN})
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert httpx.get(f"{server.url}/metrics", headers=headers, **PLAIN).status_code == 404
