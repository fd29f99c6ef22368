"""Readiness and metrics of a real server whose database goes away."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.kit import processes, scene
from tests.kit.ports import free_port
from tests.kit.postgres import Postgres
from tests.kit.scheduler import scheduling
from tests.kit.server import PLAIN, Server, fresh_database
from tests.kit.tunnel import Tunnel, tunnel
from tests.kit.waiting import PATIENCE, until

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


def ready(server: Server) -> tuple[int, dict[str, bool]]:
    """Return the status, and which parts are healthy."""
    answer = httpx.get(f"{server.url}/api/ready", timeout=PATIENCE, **PLAIN)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return answer.status_code, {line["part"]: line["ok"] for line in lines}


def test_a_healthy_server_is_ready(far: Server) -> None:
    assert ready(far) == (200, {"database": True, "bus": True, "store": True, "clock": True})


def test_readiness_reports_a_database_that_never_answers(far: Server, line: Tunnel) -> None:
    line.swallow()
    until(lambda: ready(far)[0] == 503)
    parts = ready(far)[1]
    assert parts["database"] is False
    assert (parts["bus"], parts["store"]) == (True, True)
    assert httpx.get(f"{far.url}/api/health", timeout=PATIENCE, **PLAIN).status_code == 200


def test_a_server_is_ready_again_when_the_database_is_back(start_server: StartServer, cluster: Postgres) -> None:
    server = start_server(database_url=fresh_database(cluster, f"health_{uuid4().hex[:8]}"))
    cluster.stop("immediate")
    try:
        until(lambda: ready(server)[0] == 503)
    finally:
        cluster.start()
    until(lambda: ready(server)[0] == 200)


def figures(server: Server) -> dict[str, float]:
    """Return every sample by name and first label."""
    return figures_at(server.url)


def figures_at(url: str) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.get(f"{url}/metrics", headers=headers, timeout=10, **PLAIN)
    assert answer.status_code == 200
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_metrics_change_with_a_session(start_server: StartServer) -> None:
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


def answers(url: str) -> bool:
    try:
        return bool(httpx.get(url, **PLAIN).status_code)
    except httpx.TransportError:
        return False


def test_a_scheduler_in_a_process_of_its_own_shows_metrics_with_the_token_and_nothing_else(
    start_server: StartServer,
) -> None:
    port = free_port()
    environment = {"METRICS_TOKEN": TOKEN, "CLOCK_EMBEDDED": "0", "CLOCK_METRICS_PORT": str(port)}
    server, url = start_server(environment=environment, deadlines={"unnoticed": 1}), f"http://localhost:{port}"
    with scheduling(server):
        until(lambda: answers(url))
        scene.stage(server, "requested")
        until(lambda: figures_at(url)["autodoctor_clock_lateness_seconds_count"] > 0)
        assert figures_at(url)["autodoctor_clock_skew_seconds"] == 0  # SQLite has no clock of its own
        assert httpx.get(f"{url}/metrics", **PLAIN).status_code == 404
        for path in ("/", "/metrics/", "/api/health"):
            answer = httpx.get(url + path, headers={"Authorization": f"Bearer {TOKEN}"}, **PLAIN)
            assert (answer.status_code, answer.content) == (404, b"")


def test_a_scheduler_whose_port_of_metrics_is_taken_says_so(start_server: StartServer) -> None:
    server = start_server()
    done = processes.run("manage", "clock", environment=server.environment | {"CLOCK_METRICS_PORT": str(server.port)})
    assert done.returncode == 1
    assert "The port in CLOCK_METRICS_PORT cannot be used" in done.stderr


def test_the_metrics_are_refused_without_the_token(start_server: StartServer) -> None:
    server = start_server(environment={"METRICS_TOKEN": TOKEN})
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert httpx.get(f"{server.url}/metrics", headers=headers, **PLAIN).status_code == 404
