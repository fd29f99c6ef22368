"""The whole product behind PgBouncer, as roles that own nothing: the database itself asks who acts."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from autodoctor.files.tests.samples import PDF
from autodoctor.summaries.tests.desk import FORM
from tests.faults.test_extensions import pay
from tests.journeys import quietly
from tests.kit import pgbouncer, scene
from tests.kit.postgres import Postgres
from tests.kit.roles import OWNER, Walled, manage, walled
from tests.kit.server import Person, Server, running
from tests.kit.supabase_storage import supabase_storage
from tests.kit.waiting import until


@pytest.fixture(scope="module")
def wall(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walled]:
    if not pgbouncer.program():
        pytest.skip("PgBouncer is not installed")
    with walled(cluster, "walled", tmp_path_factory.mktemp("walled")) as one:
        yield one


@pytest.fixture(scope="module")
def shop(wall: Walled) -> Iterator[Server]:
    """With its files in Supabase's storage."""
    with supabase_storage() as store:
        environment = wall.environment | store.environment() | {"LIMITS": scene.UNLIMITED, "ROOM": '{"heartbeat": 1}'}
        bucket = environment["S3_BUCKET"]
        with running(database_url=wall.bouncer.direct_url, environment=environment) as server:
            assert f"The bucket {bucket} is there, and closed" in server.manage("setup_storage")
            assert f"The bucket {bucket} is there, and closed" in server.manage("setup_storage")  # once more
            yield server


def opened(server: Server, person: Person, *addresses: str) -> dict[str, httpx.Response]:
    """Return the answers at these addresses, which all have to be there."""
    answers = {address: quietly.client(server, person).get(address) for address in addresses}
    assert {address: answer.status_code for address, answer in answers.items()} == dict.fromkeys(addresses, 200)
    return answers


def lengthen(server: Server, customer: Person, session_id: str) -> None:
    client, address = quietly.client(server, customer), f"/api/sessions/{session_id}/extensions"
    offer = client.get(address).json()["offers"][0]["option"]
    pay(client.post(address, json={"option": offer}).json()["link"])
    until(
        lambda: server.sql("SELECT 1 FROM payments_payment WHERE granted_at IS NOT NULL AND owner_id = %s", session_id)
    )


def share(server: Server, person: Person, session_id: str) -> str:
    """Share a file; return its address."""
    files = f"/api/sessions/{session_id}/files"
    answer = quietly.client(server, person).post(files, files={"file": ("report.pdf", PDF)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


def live(server: Server, customer: Person, mechanic: Person) -> str:
    """A session from the booking to its end, with all that two people do in it."""
    session_id = quietly.request(server, customer)
    room = f"/sessions/{session_id}/"
    queue = quietly.client(server, mechanic).get("/api/queue").json()
    assert session_id in str(queue)
    opened(server, customer, room, "/dashboard/")
    quietly.accept(server, mechanic, session_id)
    with (
        quietly.open_page(server, customer, session_id) as here,
        quietly.open_page(server, mechanic, session_id) as there,
    ):
        quietly.act(server, mechanic, session_id, "start")
        here.expect("event", client_id=here.say("It rattles"))
        there.expect("event", client_id=there.say("Since when?"))
        share(server, customer, session_id)
        lengthen(server, customer, session_id)
        for person in (customer, mechanic):
            assert "It rattles" in opened(server, person, room)[room].text
            [file] = quietly.client(server, person).get(f"/api/sessions/{session_id}/files").json()["files"]
            seen = quietly.client(server, person).get(file["url"], follow_redirects=True)
            assert seen.status_code == httpx.codes.OK
        quietly.act(server, customer, session_id, "end")
    return session_id


def test_a_session_from_the_booking_to_the_receipt_while_the_database_asks_who_acts(shop: Server) -> None:
    [customer], [mechanic] = shop.enroll(1, "customer-"), shop.enroll(1, "mechanic-", mechanics=True)
    [stranger], [rival] = shop.enroll(1, "stranger-"), shop.enroll(1, "rival-", mechanics=True)
    support = shop.sign_in("support@example.com")
    session_id = live(shop, customer, mechanic)
    room = f"/sessions/{session_id}/"

    form = FORM | {"part_price": ["14.50", "3.45", "", ""]}
    assert quietly.client(shop, mechanic).post(f"{room}summary/draft/", data=form).status_code < 400
    assert quietly.client(shop, mechanic).post(f"{room}summary/", data=form).status_code < 400
    until(lambda: shop.sql("SELECT 1 FROM receipts_document WHERE session_id = %s", session_id))
    until(
        lambda: shop.sql("SELECT 1 FROM summaries_summary WHERE session_id = %s AND mailed_at IS NOT NULL", session_id)
    )
    until(lambda: shop.sql("SELECT 1 FROM payments_earning"))
    assert quietly.client(shop, customer).post(f"{room}rating/", data={"stars": "5", "line": "Good"}).status_code < 400

    papers = (f"{room}summary/", f"{room}summary/summary.pdf", f"{room}receipt/", f"{room}receipt.pdf")
    opened(shop, customer, room, "/dashboard/", *papers, f"{room}transcript/")
    opened(shop, mechanic, room, "/dashboard/", "/dashboard/earnings/", "/dashboard/earnings.csv", f"{room}summary/")
    case = f"/support/sessions/{session_id}/"
    desk = (
        "/support/",
        "/support/open/",
        "/support/money/",
        "/support/numbers/",
        "/support/jobs/",
        "/support/mechanics/",
    )
    found = opened(shop, support, case, f"{case}live/", f"{case}evidence.zip", room, *desk, "/support/search/?q=Volvo")
    assert "It rattles" in found[case].text
    assert session_id in found["/support/search/?q=Volvo"].text
    for person in (stranger, rival):
        for address in (room, f"/api/sessions/{session_id}", *papers, case):
            assert quietly.client(shop, person).get(address).status_code == httpx.codes.NOT_FOUND, address
    assert shop.sql("SELECT state, stars FROM autodoctor_sessions_session WHERE id = %s", session_id) == [
        ("completed", 5)
    ]
    assert "Traceback" not in shop.log()


def test_a_mechanic_who_gives_a_request_back_reads_no_more_of_it(shop: Server) -> None:
    [customer], [mechanic] = shop.enroll(1, "customer2-"), shop.enroll(1, "mechanic2-", mechanics=True)
    session_id = quietly.request(shop, customer)
    quietly.accept(shop, mechanic, session_id)
    quietly.act(shop, mechanic, session_id, "release")
    address = f"/api/sessions/{session_id}/events"
    assert quietly.client(shop, mechanic).get(address).status_code == httpx.codes.NOT_FOUND
    assert quietly.client(shop, customer).get(address).status_code == httpx.codes.OK


def test_the_check_of_production_says_which_roles_are_no_wall(wall: Walled, tmp_path: Path) -> None:
    look = "from autodoctor.operations.checks.services import database\nprint(*database(), sep='\\n')"

    def said(**environment: str) -> str:
        return manage(wall, tmp_path, "shell", "--no-imports", "--command", look, **environment)

    assert said().strip() == ""
    assert "bypasses row-level security" in said(DATABASE_URL=wall.url("postgres"))
    assert "owns" in said(DATABASE_URL=wall.url(OWNER))
    wall.cluster.execute("ALTER TABLE payments_payment DISABLE ROW LEVEL SECURITY", wall.database)
    wall.cluster.execute("GRANT SELECT ON accounts_user TO anon", wall.database)
    open_ = said()
    assert "No row-level security on payments_payment" in open_
    assert "anon" in open_
    manage(wall, tmp_path, "database_roles")
    assert said().strip() == ""


def test_an_owner_who_may_make_no_roles_is_told_how(wall: Walled, tmp_path: Path) -> None:
    wall.cluster.execute(f"ALTER ROLE {OWNER} NOCREATEROLE")
    web = wall.url("autodoctor_another")
    try:
        for command in ("database_roles", "migrate"):
            with pytest.raises(RuntimeError, match="ALTER ROLE autodoctor_owner CREATEROLE") as told:
                manage(wall, tmp_path, command, DATABASE_URL=web)
            assert "Traceback" not in str(told.value)
    finally:
        wall.cluster.execute(f"ALTER ROLE {OWNER} CREATEROLE")
