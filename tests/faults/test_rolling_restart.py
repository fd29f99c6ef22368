"""Two web processes behind nginx or Caddy, one after the other told to end, as an upgrade does."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from autodoctor.files.tests.samples import film
from autodoctor.room.tests.channel import closing_code
from autodoctor.room.wire import protocol
from tests.faults.test_health import ready
from tests.kit import caddy, nginx, scene
from tests.kit.ports import free_port
from tests.kit.postgres import Postgres
from tests.kit.proxy import Proxy
from tests.kit.scene import UNLIMITED, Talk
from tests.kit.scheduler import Scheduler, scheduling
from tests.kit.server import Person, Server, fresh_database, running
from tests.kit.sockets import Socket, room
from tests.kit.valkey import valkey
from tests.kit.waiting import PATIENCE, until

TELLING = ("participant.left", "session.paused", "session.reconnecting", "nudge.")  # of an absence
BOUNDARY = "a-boundary"
MEGABYTE = 1024 * 1024
PACE = 0.02  # seconds between two looks: half of what the proxy lets one address ask


@dataclass(frozen=True)
class Site:
    proxy: Proxy
    servers: tuple[Server, Server]
    scheduler: Scheduler

    def open(self, talk: Talk, person: Person, after: int = 0, page: str = "") -> Socket:
        """A page by way of the proxy, which has joined."""
        path = f"{room(talk.id, after)}&page={page or uuid4()}"
        line = Socket(self.proxy, path, person, ssl=self.proxy.trusting())
        line.expect("welcome")
        line.send("join")
        line.send("ping")
        line.expect("pong")
        return line

    def server_of(self, talk: Talk) -> Server:
        """Return the process that has the open pages of this session."""
        pids = {pid for (pid,) in self.servers[0].sql(PROCESS_OF, str(talk.id))}
        (server,) = (server for server in self.servers if server.pid in pids)
        return server


PROCESS_OF = """
SELECT process.pid FROM autodoctor_sessions_connection AS page
JOIN autodoctor_sessions_process AS process ON process.id = page.process_id WHERE page.session_id = %s
"""


@pytest.fixture
def site(cluster: Postgres, request: pytest.FixtureRequest) -> Iterator[Site]:
    """As deployed: nginx unless the test says otherwise, two web processes, a scheduler apart, a bus."""
    kind = getattr(request, "param", nginx)
    if not kind.is_installed():
        pytest.skip(f"{kind.__name__} is not installed")
    port = free_port()
    with ExitStack() as stack:
        environment = {
            "SITE_URL": f"https://localhost:{port}",
            "TRUSTED_PROXIES": "1",
            "LIMITS": UNLIMITED,
            "CLOCK_EMBEDDED": "0",
            "REDIS_URL": stack.enter_context(valkey()).url,
        }
        url = fresh_database(cluster, f"rolling_{uuid4().hex[:8]}")
        one, other = (
            stack.enter_context(running(database_url=url, environment=environment, as_deployed=True)) for _ in range(2)
        )
        scheduler = stack.enter_context(scheduling(one))
        yield Site(stack.enter_context(kind.in_front_of(one.port, other.port, port=port)), (one, other), scheduler)


def takes_connections(server: Server) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return False
    return True


def test_both_sides_of_a_call_come_back_elsewhere_and_nobody_counts_as_missing(site: Site) -> None:
    talk = scene.stage(site.servers[0])
    site.servers[0].sql(f"UPDATE autodoctor_sessions_session SET kind = 'video' WHERE id = '{talk.id}'")
    pages = [(person, str(uuid4())) for person in (talk.customer, talk.mechanic)]
    with ExitStack() as stack:
        mine, theirs = (stack.enter_context(site.open(talk, person, page=page)) for person, page in pages)
        theirs.expect("event", client_id=mine.say("It rattles"))
        ending = site.server_of(talk)
        site.scheduler.stop_signal()  # who is not back within seconds is missing: a busy machine takes longer
        ending.terminate()
        assert [closing_code(line) for line in (mine, theirs)] == [protocol.GOING_AWAY] * 2
        mine, theirs = (stack.enter_context(site.open(talk, person, page=page)) for person, page in pages)
        theirs.send("signal", data={"hello": True})
        mine.expect("signal", role="mechanic")
        ending.wait()
        site.scheduler.cont_signal()
        gone = "SELECT count(*) FROM autodoctor_sessions_process WHERE pid = %s"
        until(lambda: site.servers[0].sql(gone, ending.pid) == [(0,)])  # whoever had not come back would be missing now
        theirs.expect("event", client_id=mine.say("Still there?"))
    for line in (mine, theirs):
        assert not [frame for frame in line.frames if frame["type"] == "presence" and "away" in frame.values()]
    kinds = [kind for (kind,) in site.servers[0].sql(KINDS, str(talk.id))]
    assert not [kind for kind in kinds if kind.startswith(TELLING)]


KINDS = "SELECT kind FROM autodoctor_sessions_sessionevent WHERE session_id = %s"


@contextmanager
def half_an_upload(site: Site, talk: Talk) -> Iterator[tuple[threading.Event, list[httpx.Response]]]:
    """A file half of which has arrived; the rest follows when the event is set. The answer is in the list."""
    go_on, halfway, answers = threading.Event(), threading.Event(), list[httpx.Response]()
    content = film(filling=4 * MEGABYTE)
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="clip.mp4"\r\n\r\n'.encode()
    body = head + content + f"\r\n--{BOUNDARY}--\r\n".encode()

    def pieces() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        halfway.set()
        go_on.wait(PATIENCE)
        yield body[len(body) // 2 :]

    def send() -> None:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(len(body))}
        with site.proxy.client(talk.customer) as client:
            answers.append(client.post(f"/api/sessions/{talk.id}/files", content=pieces(), headers=headers))

    thread = threading.Thread(target=send)
    thread.start()
    assert halfway.wait(PATIENCE)
    yield go_on, answers
    go_on.set()
    thread.join(PATIENCE)


def test_an_upload_on_its_way_is_finished_and_nothing_new_is_taken(site: Site) -> None:
    talk = scene.stage(site.servers[0])
    with site.open(talk, talk.customer) as page:
        ending = site.server_of(talk)
        incoming = ending.data / "files" / "incoming"
        with half_an_upload(site, talk) as (go_on, answers):
            until(lambda: incoming.exists() and any(incoming.iterdir()))
            ending.terminate()
            assert closing_code(page) == protocol.GOING_AWAY
            until(lambda: not takes_connections(ending))
            assert ending.is_running()
            go_on.set()
            until(lambda: answers)
        assert answers[0].status_code == 201, answers[0].text
        ending.wait()


GET = b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n"
HANDSHAKE = (
    b"GET /ws/feed HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def ask(line: socket.socket, words: bytes) -> bytes:
    """Return the answer; empty if the connection is closed without any."""
    line.sendall(words)
    answer = b""
    while not is_whole(answer) and (more := line.recv(65536)):
        answer += more
    return answer


def is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return length is not None and len(body) >= int(length[1])


def test_what_a_proxy_has_just_sent_by_an_idle_connection_is_answered_for_the_last_time(site: Site) -> None:
    server = site.servers[0]
    with ExitStack() as stack:
        lines = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE))
            for _ in range(3)
        ]
        kept, upgraded, fresh = lines
        for line in (kept, upgraded):
            assert b"200 OK" in ask(line, GET + b"\r\n")
        server.terminate()
        until(lambda: not takes_connections(server))
        for line in (kept, fresh):
            answer = ask(line, GET + b"\r\n").lower()
            assert b"200 ok" in answer
            assert b"connection: close" in answer
        assert ask(upgraded, HANDSHAKE) == b""  # the proxy asks another process
    server.wait()


@pytest.mark.parametrize("site", [nginx, caddy], ids=["nginx", "caddy"], indirect=True)
def test_pages_are_served_while_one_process_after_the_other_is_restarted(site: Site) -> None:
    ended, failures, served = threading.Event(), list[str](), list[int]()

    def look() -> None:
        with site.proxy.client() as client:
            while not ended.wait(PACE):
                answer = client.get("/api/health")
                served.append(answer.status_code)
                if answer.status_code != httpx.codes.OK:
                    failures.append(f"{answer.status_code} {answer.text[:80]}")

    visitor = threading.Thread(target=look)
    visitor.start()
    try:
        for server in site.servers:
            seen = len(served)
            until(lambda seen=seen: len(served) > seen + 20)  # type: ignore[misc]
            server.terminate()
            server.wait()
            seen = len(served)
            until(lambda seen=seen: len(served) > seen + 20)  # type: ignore[misc]
            server.start()
            until(lambda server=server: ready(server)[0] == httpx.codes.OK)  # type: ignore[misc]
    finally:
        ended.set()
        visitor.join(PATIENCE)
    assert failures == []
