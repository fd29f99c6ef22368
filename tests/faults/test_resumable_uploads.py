"""Uploads in pieces on lines that are cut and to servers that die: what has arrived stays, and the file comes once."""

import hashlib
import socket
import time
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx

from autodoctor.files.tests.samples import film
from tests.faults.test_files import MEGABYTE, incoming, listed, stored
from tests.kit import scene
from tests.kit.postgres import Postgres
from tests.kit.s3 import s3
from tests.kit.scene import Talk
from tests.kit.server import PLAIN, Person, Server, fresh_database, running
from tests.kit.waiting import until

FILM = film(filling=3 * MEGABYTE)
UNREAD = 400_000  # bytes at most that the server had not read when it learned of the cut
OCTETS = "application/offset+octet-stream"


class Sending:
    """A person who sends one file in pieces."""

    def __init__(self, talk: Talk, content: bytes = FILM, person: Person | None = None) -> None:
        self.talk, self.content, self.client_id = talk, content, str(uuid4())
        self.person = person or talk.customer
        self.address = ""

    def begin(self, server: Server | None = None) -> dict[str, Any]:
        given = {"client_id": self.client_id, "name": "brake.mp4", "size": len(self.content)}
        client = (server or self.talk.server).client(self.person)
        answer = client.post(f"/api/sessions/{self.talk.id}/uploads", json=given)
        assert answer.status_code == 201, answer.text
        said: dict[str, Any] = answer.json()
        self.address = f"/api/sessions/{self.talk.id}/uploads/{said['id']}"
        return said

    def piece(self, start: int, end: int, server: Server | None = None) -> httpx.Response:
        client = (server or self.talk.server).client(self.person)
        headers = {"Upload-Offset": str(start), "Content-Type": OCTETS}
        answer = client.patch(self.address, content=self.content[start:end], headers=headers)
        assert answer.status_code in {200, 413}, answer.text
        return answer

    def offset(self) -> int:
        return int(self.talk.server.client(self.person).get(self.address).json()["offset"])

    def head(self, start: int, length: int) -> bytes:
        client = self.talk.server.client(self.person)
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        return (
            f"PATCH {self.address} HTTP/1.1\r\nHost: localhost:{self.talk.server.port}\r\nCookie: {cookies}\r\n"
            f"X-CSRFToken: {client.headers['X-CSRFToken']}\r\nReferer: {self.talk.server.url}/\r\n"
            f"Upload-Offset: {start}\r\nContent-Type: {OCTETS}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()

    def cut(self, start: int, until_byte: int) -> None:
        """Send the rest of the file, and lose the line at this byte."""
        with socket.create_connection(("localhost", self.talk.server.port)) as connection:
            connection.sendall(self.head(start, len(self.content) - start) + self.content[start:until_byte])


def fetched(talk: Talk, file: dict[str, Any]) -> str:
    return hashlib.sha256(talk.server.client(talk.mechanic).get(file["url"]).content).hexdigest()


def test_what_arrived_before_the_line_was_cut_is_not_sent_again(server: Server) -> None:
    sending = Sending(scene.stage(server))
    sending.begin()
    reached = 0
    for cut_at in (900_000, 2 * MEGABYTE + 7):
        sending.cut(reached, cut_at)
        until(lambda: sending.offset() > reached)  # noqa: B023 called at once
        reached = sending.offset()
        assert cut_at - UNREAD <= reached <= cut_at
    last = sending.piece(reached, len(FILM))
    assert last.status_code == 200, last.text
    (file,) = listed(sending.talk)
    assert fetched(sending.talk, file) == hashlib.sha256(FILM).hexdigest()
    until(lambda: not incoming(server))


def test_an_upload_goes_on_after_the_server_was_killed(start_server: Any) -> None:
    server = start_server()
    sending = Sending(scene.stage(server))
    sending.begin()
    assert sending.piece(0, MEGABYTE).json()["offset"] == MEGABYTE
    server.kill()
    server.start()
    assert sending.begin()["offset"] == MEGABYTE
    assert sending.piece(MEGABYTE, len(FILM)).json()["file"]["size"] == len(FILM)
    assert sending.begin()["file"]["name"] == "brake.mp4"
    assert len(listed(sending.talk)) == 1
    until(lambda: len(stored(server)) == 1)


def test_a_piece_larger_than_a_piece_may_be_is_refused_and_its_beginning_counts_at_most(server: Server) -> None:
    sending = Sending(scene.stage(server), film(filling=6 * MEGABYTE))
    sending.begin()
    assert sending.piece(0, 5 * MEGABYTE).status_code == 413
    assert sending.offset() == 0


def test_pieces_reach_the_same_upload_by_servers_on_two_machines(cluster: Postgres) -> None:
    """They share a database and a bucket, and no disk."""
    url = fresh_database(cluster, f"pieces_{uuid4().hex[:8]}")
    with s3() as bucket, ExitStack() as stack:
        store = bucket.environment()
        one, other = (stack.enter_context(running(database_url=url, environment=store)) for _ in range(2))
        one.manage("setup_storage")
        sending = Sending(scene.stage(one))
        sending.begin()
        assert sending.piece(0, MEGABYTE, one).json()["offset"] == MEGABYTE
        assert sending.begin(other)["offset"] == MEGABYTE
        assert sending.piece(MEGABYTE, 2 * MEGABYTE, other).json()["offset"] == 2 * MEGABYTE
        file = sending.piece(2 * MEGABYTE, len(FILM), one).json()["file"]
        assert httpx.get(file["url"], **PLAIN).content == FILM
        until(lambda: not incoming(one))
        until(lambda: not incoming(other))


def test_a_piece_of_a_stranger_is_not_written_to_the_disk(server: Server) -> None:
    talk, other = scene.stage(server), scene.stage(server)
    sending, stranger = Sending(talk), Sending(talk, person=other.customer)
    sending.begin()
    stranger.address = sending.address
    with socket.create_connection(("localhost", server.port)) as connection:
        connection.sendall(stranger.head(0, len(FILM)) + FILM[:MEGABYTE])
        time.sleep(0.3)
        assert not incoming(server)
        connection.sendall(FILM[MEGABYTE:])
        assert connection.recv(20).startswith(b"HTTP/1.1 404")
    assert sending.offset() == 0
