"""Interrupted uploads and full disks: no partial object, no row without bytes, no bytes without a row."""

import hashlib
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from autodoctor.files.tests.samples import PDF, film
from tests.kit import scene
from tests.kit.s3 import S3, s3
from tests.kit.scene import Talk
from tests.kit.server import PLAIN, Person, Server
from tests.kit.waiting import until

MEGABYTE = 1024 * 1024


def address(talk: Talk) -> str:
    return f"/api/sessions/{talk.id}/files"


def share(talk: Talk, content: bytes, name: str = "clip.mp4", person: Person | None = None, **fields: str) -> Any:
    client = talk.server.client(person or talk.customer)
    return client.post(address(talk), files={"file": (name, content)}, data=fields)


def stored(server: Server) -> list[Path]:
    return [path for path in (server.data / "files" / "stored").rglob("*") if path.is_file()]


def incoming(server: Server) -> list[Path]:
    return list((server.data / "files" / "incoming").iterdir())


def listed(talk: Talk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = talk.server.client(talk.mechanic).get(address(talk)).json()["files"]
    return found


def head(talk: Talk, length: int, client: httpx.Client, kind: str = "multipart/form-data; boundary=b") -> bytes:
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return (
        f"POST {address(talk)} HTTP/1.1\r\nHost: localhost:{talk.server.port}\r\nCookie: {cookies}\r\n"
        f"X-CSRFToken: {client.headers['X-CSRFToken']}\r\nReferer: {talk.server.url}/\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def form(content: bytes) -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="clip.mp4"\r\n\r\n'
    return part + content + b"\r\n--b--\r\n"


def test_an_uploaded_file_is_downloaded_byte_for_byte(server: Server) -> None:
    talk = scene.stage(server)
    content = film(filling=3 * MEGABYTE)
    made = share(talk, content, client_id=str(uuid4()))
    assert made.status_code == 201, made.text
    client = server.client(talk.mechanic)
    answer = client.get(made.json()["url"])
    assert hashlib.sha256(answer.content).digest() == hashlib.sha256(content).digest()
    assert answer.headers["Content-Type"] == "video/mp4"
    part = client.get(made.json()["url"], headers={"Range": "bytes=1000000-1999999"})
    assert (part.status_code, part.content) == (206, content[1_000_000:2_000_000])
    until(lambda: not incoming(server))


def test_an_upload_cut_in_the_middle_leaves_nothing_and_its_retry_one_object(server: Server) -> None:
    talk = scene.stage(server)
    client = server.client(talk.customer)
    before, body = stored(server), form(film(filling=4 * MEGABYTE))
    with socket.create_connection(("localhost", server.port)) as connection:
        connection.sendall(head(talk, len(body), client) + body[: len(body) // 2])
        until(lambda: incoming(server))
    until(lambda: not incoming(server))
    assert (stored(server), listed(talk)) == (before, [])

    client_id = str(uuid4())
    answers = [share(talk, film(filling=4 * MEGABYTE), client_id=client_id) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == len(listed(talk)) == 1
    assert len(stored(server)) == len(before) + 1


def test_the_sweep_deletes_what_an_upload_to_a_killed_server_left(start_server: Any) -> None:
    server = start_server()
    talk = scene.stage(server)
    client, body = server.client(talk.customer), form(film(filling=4 * MEGABYTE))
    with socket.create_connection(("localhost", server.port)) as connection:
        connection.sendall(head(talk, len(body), client) + body[: len(body) // 2])
        until(lambda: incoming(server))
        server.kill()
    orphan = server.data / "files" / "stored" / f"{time.strftime('%Y%m%d%H', time.gmtime(time.time() - 9000))}"
    orphan.mkdir(parents=True)
    (orphan / "belongs-to-nobody").write_bytes(b"x")
    server.start()
    kept = share(talk, PDF, "kept.pdf").json()
    (left,) = incoming(server)
    os.utime(left, (time.time() - 9000,) * 2)
    server.shell(
        "from django.utils import timezone\nfrom autodoctor.files.jobs import sweep\nprint(sweep(timezone.now()))"
    )
    assert not incoming(server)
    assert [path.stat().st_size for path in stored(server)] == [kept["size"]]
    assert server.client(talk.customer).get(kept["url"]).content == PDF


def test_an_upload_to_a_full_disk_is_refused_in_words_and_leaves_nothing(start_server: Any) -> None:
    server = start_server()
    talk = scene.stage(server)
    assert share(talk, PDF, "small.pdf").status_code == 201
    with no_file_beyond(server, 8 * MEGABYTE):
        refused = share(talk, film(filling=9 * MEGABYTE))
    assert (refused.status_code, refused.json()["error"]) == (507, "no_space")
    assert "space" in refused.json()["detail"]
    assert [file["name"] for file in listed(talk)] == ["small.pdf"]
    assert len(stored(server)) == 1
    until(lambda: not incoming(server))
    assert share(talk, film(filling=9 * MEGABYTE)).status_code == 201


@pytest.mark.sqlite
def test_an_upload_that_the_database_cannot_store_is_refused(start_server: Any) -> None:
    server = start_server()
    talk = scene.stage(server)
    assert share(talk, PDF, "small.pdf").status_code == 201
    with no_file_beyond(server, 16 * 1024):
        refused = share(talk, PDF, "lost.pdf")
    assert (refused.status_code, refused.json()["error"]) == (503, "unavailable")
    assert [file["name"] for file in listed(talk)] == ["small.pdf"]
    assert len(stored(server)) == 1
    until(lambda: not incoming(server))
    assert server.sql("PRAGMA integrity_check") == [("ok",)]
    assert share(talk, PDF, "later.pdf").status_code == 201


@pytest.mark.sqlite
def test_a_message_that_the_database_cannot_store_is_not_confirmed(start_server: Any) -> None:
    server = start_server()
    talk = scene.stage(server)
    with talk.open(talk.customer) as customer:
        first = customer.say("before")
        customer.expect("event", client_id=first)
        until(lambda: talk.has_joined(talk.customer))  # a page that could not join would be closed
        with no_file_beyond(server, 16 * 1024):
            lost = customer.say("lost?")
            assert customer.expect("error", client_id=lost)["code"] == "unavailable"
            assert not [frame for frame in customer.frames if frame["type"] == "event" and frame["client_id"] == lost]
        customer.say("lost?", lost)
        customer.expect("event", client_id=lost)
    assert [client_id for _, client_id, _ in scene.messages_of(server, talk.id)] == [first, lost]
    assert server.sql("PRAGMA integrity_check") == [("ok",)]


def test_a_server_stores_and_serves_files_in_a_bucket(start_server: Any) -> None:
    with s3() as bucket_server:
        server = start_server(environment=bucket_server.environment())
        keeps_files_in(bucket_server, server)


def keeps_files_in(bucket_server: S3, server: Server) -> None:
    server.manage("setup_storage")
    talk = scene.stage(server)
    content = film(filling=3_000_000)
    made = share(talk, content)
    assert made.status_code == 201, made.text
    assert made.json()["url"].startswith(bucket_server.url)
    assert httpx.get(made.json()["url"], **PLAIN).content == content
    mechanic = server.client(talk.mechanic)
    stays = f"/sessions/{talk.id}/files/{made.json()['id']}/"
    assert mechanic.get(stays).headers["Location"].startswith(bucket_server.url)
    policy = mechanic.get(f"/sessions/{talk.id}/").headers["Content-Security-Policy"]
    may_load = {directive.split()[0] for directive in policy.split(";") if bucket_server.url in directive.split()}
    assert may_load == {"img-src", "media-src", "connect-src"}  # seen, played, and drawn on
    until(lambda: not incoming(server))
    assert server.client(talk.customer).delete(f"{address(talk)}/{made.json()['id']}").status_code == 204
    until(lambda: httpx.get(made.json()["url"], **PLAIN).status_code in {403, 404})


@contextmanager
def no_file_beyond(server: Server, size: int) -> Iterator[None]:
    """Limit the size of the server's files, like a full disk."""
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)
