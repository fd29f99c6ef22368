"""A backup taken while people write comes back whole elsewhere, with log, files and money; half of one is refused."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from autodoctor.files.tests.samples import PDF, film
from tests.journeys import quietly
from tests.kit import processes, scene
from tests.kit.postgres import Postgres
from tests.kit.s3 import s3
from tests.kit.scene import UNLIMITED, Talk
from tests.kit.server import Person, Server, fresh_database, running
from tests.kit.waiting import until

MONEY = ("payments_payment", "payments_refund", "payments_earning", "payments_movement", "receipts_document")
COPY = """
from unittest import mock
from pathlib import Path
from autodoctor.operations import backup, databases
from autodoctor.files.models import StoredFile
def take():
    backup.take(Path({directory!r}), say=print)
"""
KILLED = (
    COPY
    + """
import os
with mock.patch("autodoctor.operations.manifest.write", lambda *_: os.kill(os.getpid(), 9)):
    take()
"""
)
REMOVED = COPY + (
    """
from django.utils import timezone
from autodoctor.files import storage
read = databases.Sqlite.dump
def dump(self, into):
    contents = read(self, into)
    file = StoredFile.objects.get(name="gone.pdf")
    StoredFile.objects.filter(pk=file.pk).update(removed_at=timezone.now())
    storage.remove(file.key)
    return contents
with mock.patch.object(databases.Sqlite, "dump", dump):
    take()
"""
)
LATER = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '9999_later', '2030-01-01')")
    cursor.execute("ALTER TABLE mfa_authenticator RENAME TO mfa_of_a_later_version")
"""


@dataclass(frozen=True)
class Place:
    """Where a server keeps its rows and its files."""

    database_url: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@pytest.fixture(params=["sqlite and a folder", "PostgreSQL and a bucket"])
def places(request: pytest.FixtureRequest) -> Iterator[tuple[Place, Place]]:
    """A full place, and an empty one of the same kind."""
    if request.param.startswith("sqlite"):
        yield Place(), Place()
        return
    cluster: Postgres = request.getfixturevalue("cluster")
    path = {"PATH": f"{cluster.programs}{os.pathsep}{os.environ['PATH']}"}
    with s3() as store:
        urls = fresh_database(cluster, "backed_up"), cluster.create("restored")
        full, empty = (Place(url, store.environment() | path) for url in urls)
        yield full, empty


@contextmanager
def elsewhere(origin: Server, place: Place) -> Iterator[Server]:
    """A server of another machine: the same secrets and the same Stripe, nothing else."""
    data = origin.data.with_name(f"{origin.data.name}-elsewhere")
    data.mkdir()
    shutil.copy(origin.data / "secret-key", data)
    stripe = {"STRIPE_API_BASE": f"{origin.url}/sandbox/stripe", "LIMITS": UNLIMITED, "CLOCK_EMBEDDED": "0"}
    server = Server(data, database_url=place.database_url, environment=stripe | place.environment)
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(data)


@pytest.fixture(scope="module")
def shop() -> Iterator[Server]:
    with running(environment={"LIMITS": UNLIMITED}) as server:
        yield server


@pytest.fixture
def empty(shop: Server) -> Iterator[Server]:
    with elsewhere(shop, Place()) as server:
        yield server


def manage(server: Server, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return processes.run("manage", *arguments, environment=server.environment)


def refused(server: Server, *arguments: str) -> str:
    done = manage(server, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return str(done.stderr)


def share(talk: Talk, content: bytes, name: str) -> str:
    client = talk.server.client(talk.customer)
    answer = client.post(f"/api/sessions/{talk.id}/files", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def shared(talk: Talk) -> dict[str, bytes]:
    """Every file of the session, by id, as a participant downloads it."""
    client = talk.server.client(talk.mechanic)
    files = client.get(f"/api/sessions/{talk.id}/files").json()["files"]
    return {file["id"]: client.get(file["url"]).content for file in files}


def rows(server: Server, table: str) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, row)) for row in server.sql(f"SELECT * FROM {table}"))


def paid(server: Server, customer: Person, mechanic: Person) -> str:
    """A session that is over, and charged; its receipt has been mailed, and so typeset."""
    session_id = quietly.request(server, customer)
    quietly.accept(server, mechanic, session_id)
    with quietly.open_page(server, customer, session_id), quietly.open_page(server, mechanic, session_id):
        quietly.act(server, mechanic, session_id, "start")
    quietly.act(server, customer, session_id, "end")
    for query in (
        "SELECT count(*) FROM payments_payment WHERE state = 'captured'",
        "SELECT count(*) FROM receipts_document WHERE pdf IS NOT NULL",
    ):
        until(lambda query=query: server.sql(query) == [(1,)])  # type: ignore[misc]
    return session_id


@contextmanager
def writing(talk: Talk) -> Iterator[list[str]]:
    """Somebody writes, one message after the other; yields the ids of those that were confirmed."""
    confirmed: list[str] = []
    over = threading.Event()

    def write() -> None:
        with talk.open(talk.customer) as socket:
            while not over.is_set():
                sent = socket.say(f"message {len(confirmed)}")
                socket.expect("event", client_id=sent)
                confirmed.append(sent)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        until(lambda: len(confirmed) >= 20)
        yield confirmed
        more = len(confirmed) + 20
        until(lambda: len(confirmed) >= more)
    finally:
        over.set()
        thread.join()


def test_a_backup_taken_while_people_write_comes_back_whole_elsewhere(
    places: tuple[Place, Place], tmp_path: Path
) -> None:
    full, empty = places
    directory = str(tmp_path / "backup")
    with ExitStack() as stack:
        server = stack.enter_context(
            running(database_url=full.database_url, environment={"LIMITS": UNLIMITED, **full.environment})
        )
        server.manage("setup_storage")
        (customer,), (mechanic,) = server.enroll(1, "payer-"), server.enroll(1, "helper-", mechanics=True)
        paid(server, customer, mechanic)
        talk = scene.stage(server)
        for number in range(3):
            share(talk, film(filling=1000 + number), f"{number}.mp4")
        money = {table: rows(server, table) for table in MONEY}
        with writing(talk) as confirmed:
            before = len(confirmed)
            told = server.manage("backup", directory)
        assert " and 3 files (" in told
        files = shared(talk)
        later = quietly.request(server, customer)

        other = stack.enter_context(elsewhere(server, empty))
        other.manage("setup_storage")
        told = other.manage("restore", directory)
        assert "3 files are back" in told
        assert {table: rows(other, table) for table in MONEY} == money
        log = scene.messages_of(other, talk.id)
        assert log == scene.messages_of(server, talk.id)[: len(log)]
        assert {client_id for _, client_id, _ in log} >= set(confirmed[:before])
        other.start()
        assert shared(Talk(other, talk.customer, talk.mechanic, talk.id)) == files

        since = next(line for line in told.splitlines() if "reconcile" in line).split("--since ")[1].split()[0]
        compared = manage(other, "reconcile", "--since", since, "--json")
        assert compared.returncode == 1, compared.stderr
        assert {found["what"] for found in json.loads(compared.stdout)} == {"unknown_here"}, later


def test_a_backup_that_was_killed_is_refused(shop: Server, empty: Server, tmp_path: Path) -> None:
    directory = tmp_path / "backup"
    killed = manage(shop, "shell", "--no-imports", "--command", KILLED.format(directory=str(directory)))
    assert killed.returncode == -9
    assert (directory / "database.sqlite3").exists()
    assert "is not a whole backup" in refused(empty, "restore", str(directory))
    assert "is not empty" in refused(shop, "backup", str(directory))


def test_commands_say_what_a_database_without_tables_needs(empty: Server, tmp_path: Path) -> None:
    directory = tmp_path / "backup"
    assert "The database is empty" in refused(empty, "backup", str(directory))
    assert not directory.exists()
    for command in (["renew_encryption"], ["reset_second_factor", "nobody@example.com"], ["reconcile"]):
        said = refused(empty, *command)
        assert re.fullmatch(
            r"The database is not ready: \d+ migrations are not applied. Run `manage.py migrate` first.", said.strip()
        )


def test_commands_say_that_a_database_is_of_a_later_version(shop: Server, empty: Server, tmp_path: Path) -> None:
    shop.manage("backup", str(tmp_path / "backup"))
    empty.manage("restore", str(tmp_path / "backup"))
    empty.shell(LATER)
    assert "The database is of a later version of this program: 1 of its" in refused(empty, "renew_encryption")


@pytest.mark.parametrize("what", ["cut", "changed", "lost", "unlisted"])
def test_a_backup_that_is_not_as_it_was_made_is_refused_and_changes_nothing(
    shop: Server, empty: Server, tmp_path: Path, what: str
) -> None:
    share(scene.stage(shop), film(filling=5000), "film.mp4")
    directory = tmp_path / "backup"
    shop.manage("backup", str(directory))
    stored = next(path for path in (directory / "files").rglob("*") if path.is_file())
    match what:
        case "cut":
            with (directory / "database.sqlite3").open("r+b") as file:
                file.truncate(file.seek(0, 2) // 2)
        case "changed":
            stored.write_bytes(b"something else")
        case "lost":
            stored.unlink()
        case _:
            (directory / "SHA256SUMS").write_text("")
    said = refused(empty, "restore", str(directory))
    assert "changed" in said
    assert not empty.sql("SELECT name FROM sqlite_master")
    assert not list((empty.data / "files").rglob("20*"))


def test_what_is_there_is_replaced_only_when_asked(shop: Server, empty: Server, tmp_path: Path) -> None:
    talk = scene.stage(shop)
    share(talk, PDF, "first.pdf")
    shop.manage("backup", str(tmp_path / "first"))
    kept = shared(talk)
    share(talk, film(filling=3000), "second.mp4")
    shop.manage("backup", str(tmp_path / "second"))
    empty.manage("restore", str(tmp_path / "second"))
    after = rows(empty, "files_storedfile")
    assert "The database is not empty" in refused(empty, "restore", str(tmp_path / "first"))
    assert rows(empty, "files_storedfile") == after
    empty.manage("restore", "--overwrite", str(tmp_path / "first"))
    empty.start()
    assert shared(Talk(empty, talk.customer, talk.mechanic, talk.id)) == kept


def test_a_file_that_the_store_has_lost_is_named_by_backup_and_restore(start_server: Any, tmp_path: Path) -> None:
    server = start_server()
    talk = scene.stage(server)
    share(talk, PDF, "lost.pdf")
    kept = share(talk, film(filling=3000), "kept.mp4")
    ((key,),) = server.sql("SELECT key FROM files_storedfile WHERE name = 'lost.pdf'")
    (server.data / "files" / "stored" / key).unlink()
    assert f"The store has lost 1 files: {key}" in refused(server, "backup", str(tmp_path / "backup"))
    with elsewhere(server, Place()) as other:
        done = manage(other, "restore", str(tmp_path / "backup"))
        assert done.returncode == 1
        assert f"The store had lost 1 files before the backup: {key}" in done.stdout
        ((files,),) = other.sql("SELECT count(*) FROM files_storedfile")
        assert files == 2
        other.start()
        client = other.client(talk.customer)
        listed = client.get(f"/api/sessions/{talk.id}/files").json()["files"]
        found = {file["id"]: client.get(file["url"]).status_code for file in listed}
        assert found.pop(kept) == 200
        assert list(found.values()) == [404]


def test_a_file_that_is_removed_while_the_backup_runs_comes_back_as_removed(start_server: Any, tmp_path: Path) -> None:
    server = start_server()
    talk = scene.stage(server)
    gone, kept = share(talk, PDF, "gone.pdf"), share(talk, film(filling=3000), "kept.mp4")
    server.shell(REMOVED.format(directory=str(tmp_path / "backup")))
    with elsewhere(server, Place()) as other:
        assert "1 files were removed while the backup ran" in other.manage("restore", str(tmp_path / "backup"))
        other.start()
        assert set(shared(Talk(other, talk.customer, talk.mechanic, talk.id))) == {kept} != {gone}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"vendor": "postgresql"}, "The backup is of postgresql, DATABASE_URL names sqlite."),
        ({"migrations": ["accounts.0001_initial", "accounts.0999_later"]}, "knows more than this program"),
        ({"format": 99}, "has another format"),
    ],
)
def test_a_backup_of_another_kind_is_refused_in_words(
    shop: Server, empty: Server, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    shop.manage("backup", str(tmp_path / "backup"))
    manifest = tmp_path / "backup" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))
    assert sentence in refused(empty, "restore", str(tmp_path / "backup"))


def test_without_the_programs_of_postgresql_the_command_says_what_to_install(cluster: Postgres, tmp_path: Path) -> None:
    url = cluster.create("none")
    with psycopg.connect(url) as connected:
        connected.execute("CREATE TABLE something ()")  # an empty database is refused before
    environment = processes.environment(tmp_path / "data") | {"DATABASE_URL": url, "PATH": ""}
    done = processes.run("manage", "backup", str(tmp_path / "backup"), environment=environment)
    assert done.returncode == 1
    assert "pg_dump is not installed" in done.stderr


def test_nobody_else_on_the_machine_reads_a_backup(shop: Server, tmp_path: Path) -> None:
    shop.manage("backup", str(tmp_path / "backup"))
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
