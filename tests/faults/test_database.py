"""Faults of the database below the whole arrangement: a crash, a lock, a backup that takes its place."""

import asyncio
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random
from uuid import uuid4

import psycopg
import pytest

from autodoctor.room.tests.channel import closing_code
from autodoctor.room.wire import protocol
from tests.chaos import reckoning
from tests.chaos.page import Page
from tests.faults.test_two_processes import pair
from tests.faults.whole import Site, log_of, pass_its_deadline
from tests.journeys import quietly
from tests.kit import processes, scene
from tests.kit.arrangement import Arrangement
from tests.kit.postgres import NOBODY
from tests.kit.scene import Talk
from tests.kit.sockets import Socket, room
from tests.kit.waiting import until

WAYS = ("DATABASE_URL", "CLOCK_DATABASE_URL", "DIRECT_DATABASE_URL")
LOG = "autodoctor_sessions_sessionevent"
FILLER = "".join(map(chr, range(0x4E00, 0x4E00 + 3900)))  # of which a database makes nothing shorter
CROWD = 20  # more requests than a server has connections for them
MONEY = ("payments_payment", "payments_earning", "payments_movement", "receipts_document")


def test_after_a_crash_of_postgresql_messages_go_on_and_none_is_lost(
    whole: Arrangement, site: Site, talk: Talk
) -> None:
    servers = site.one, site.other
    people = (talk.customer, "customer"), (talk.mechanic, "mechanic")
    pages = [Page(who, role, str(talk.id), servers, Random(7)) for who, role in people]
    asyncio.run(talk_across_a_crash(whole, pages))
    log = log_of(talk)
    assert [problem for page in pages for problem in reckoning.of_page(page, log)] == []
    assert list(reckoning.of_log(log)) == []


async def talk_across_a_crash(whole: Arrangement, pages: list[Page]) -> None:
    """Both have messages confirmed before it, and go on until more are afterwards."""
    over = asyncio.Event()

    async def talk_on(page: Page) -> None:
        while not over.is_set():
            await page.say("and on")
            await asyncio.sleep(0.1)

    async def more() -> None:
        before = [len(page.confirmed) for page in pages]
        while any(len(page.confirmed) < count + 5 for page, count in zip(pages, before, strict=True)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(page.stay_open(over.is_set))
            group.create_task(talk_on(page))
        await more()
        await asyncio.to_thread(whole.cluster.restart, "immediate")
        await more()
        over.set()


def test_a_lock_that_takes_every_connection_costs_bounded_refusals_and_no_deadline(
    whole: Arrangement, site: Site
) -> None:
    locked, waiting = site.stage(), site.stage("requested")
    clients = [quietly.client(server, locked.customer) for server in whole.servers]
    for_ever = "-c idle_in_transaction_session_timeout=0"
    with (
        psycopg.connect(whole.cluster.url("arranged"), options=for_ever) as lock,
        ThreadPoolExecutor(2 * CROWD) as crowd,
    ):
        lock.execute("SELECT 1 FROM autodoctor_sessions_session WHERE id = %s FOR UPDATE", [locked.id])
        asked = [crowd.submit(clients[n % 2].post, f"/api/sessions/{locked.id}/end", json={}) for n in range(2 * CROWD)]
        pass_its_deadline(site.one, waiting)
        until(lambda: scene.state_of(site.one, waiting.id) == "expired")
        assert not all(one.done() for one in asked)
        answers = [one.result() for one in asked]  # while the lock is held
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
    assert clients[0].post(f"/api/sessions/{locked.id}/end", json={}).status_code == 200


@pytest.fixture
def little_disk(whole: Arrangement) -> Iterator[Path]:
    """A disk of a few megabytes, on which the log lies."""
    if os.geteuid():
        pytest.skip("only root mounts a disk")
    folder = Path(tempfile.mkdtemp(prefix="autodoctor-disk-"))
    options = f"size=8m,mode=700,uid={NOBODY},gid={NOBODY}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=False).returncode:
        pytest.skip("this machine mounts no disks")
    try:
        whole.cluster.execute(f"CREATE TABLESPACE little LOCATION '{folder}'")
        whole.cluster.execute(f"ALTER TABLE {LOG} SET TABLESPACE little", "arranged")
        yield folder
        whole.cluster.execute(f"ALTER TABLE {LOG} SET TABLESPACE pg_default", "arranged")
        whole.cluster.execute("DROP TABLESPACE little")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def test_a_message_that_finds_the_disk_of_postgresql_full_is_refused_and_can_be_said_again(
    site: Site, talk: Talk, little_disk: Path
) -> None:
    with pair(site, talk) as (mine, theirs):
        filling = fill(little_disk)
        confirmed, lost = say_until_refused(mine)
        filling.unlink()
        mine.say(FILLER, lost)
        mine.expect("event", client_id=lost)
        theirs.expect("event", client_id=lost)
    assert [client_id for _, client_id, _ in scene.messages_of(site.one, talk.id)] == [*confirmed, lost]
    assert list(reckoning.of_log(log_of(talk))) == []


def say_until_refused(page: Socket) -> tuple[list[str], str]:
    """Return the client ids of the messages that were confirmed, and that of the one that was not."""
    confirmed: list[str] = []
    while True:
        client_id = page.say(FILLER)
        while (frame := page.receive()).get("client_id") != client_id:
            pass
        if frame["type"] == "error":
            assert frame["code"] == "unavailable"
            return confirmed, client_id
        confirmed.append(client_id)


def fill(folder: Path) -> Path:
    """Take the rest of the disk."""
    filling = folder / "filling"
    with suppress(OSError), filling.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filling


def test_pages_go_on_with_a_restored_backup_and_what_came_later_is_named(
    whole: Arrangement, site: Site, talk: Talk, tmp_path: Path
) -> None:
    """PostgreSQL fails over to a backup while servers, schedulers and pages go on. The last test: it stays there."""
    (customer,) = site.one.enroll(1, f"payer-{uuid4().hex[:6]}-")
    paths = {"PATH": f"{whole.cluster.programs}{os.pathsep}{os.environ['PATH']}"}
    with pair(site, talk) as (mine, theirs):
        theirs.expect("event", client_id=mine.say("Before the backup"))
        manage("backup", str(tmp_path / "backup"), environment=site.one.environment | paths)
        money, log = contents(whole, "arranged", *MONEY), log_of(talk)
        for number in range(20):
            theirs.expect("event", client_id=mine.say(f"too late {number}"))
        later, seen = quietly.request(site.one, customer), log_of(talk)[-1].seq

        place = {"AUTODOCTOR_DATA": str(tmp_path / "data")}
        place |= dict.fromkeys(
            ("DATABASE_URL", "CLOCK_DATABASE_URL", "DIRECT_DATABASE_URL"), whole.cluster.create("restored")
        )
        manage("restore", str(tmp_path / "backup"), environment=site.one.environment | paths | place)
        assert contents(whole, "restored", *MONEY) == money
        whole.bouncer.kill()
        whole.bouncer.lead_to("restored")
        whole.bouncer.start()
        assert [closing_code(line) for line in (mine, theirs)] == [protocol.GOING_AWAY] * 2

    with Socket(site.one, room(talk.id, after=seen), talk.customer) as stale:
        assert stale.expect("welcome")["seq"] < seen  # the page reads the log anew
    with pair(site, talk) as (mine, theirs):
        theirs.expect("event", client_id=mine.say("After the restore"))
        mine.expect("event", client_id=theirs.say("I hear you"))
        shown = [
            [(frame["seq"], frame["kind"]) for frame in side.frames if frame["type"] == "event"]
            for side in (mine, theirs)
        ]
    before = [(row.seq, row.kind) for row in log if row.audience == "both"]
    assert shown[0][: len(before)] == shown[1][: len(before)] == before
    compared = processes.run("manage", "reconcile", "--json", environment=site.one.environment)
    assert {found["what"] for found in json.loads(compared.stdout)} == {"unknown_here"}, later


def manage(*arguments: str, environment: dict[str, str]) -> None:
    done = processes.run("manage", *arguments, environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr


def contents(whole: Arrangement, database: str, *tables: str) -> dict[str, list[tuple[str, ...]]]:
    """Return every row of these tables, in any order."""
    return {
        table: sorted(tuple(map(str, row)) for row in whole.cluster.execute(f"SELECT * FROM {table}", database))
        for table in tables
    }
