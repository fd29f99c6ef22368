"""SQL as each role and person: the database itself refuses what is another's, and whatever rewrites log or ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from autodoctor.core.postgres.base import saying
from tests.journeys import quietly
from tests.kit import pgbouncer
from tests.kit.postgres import Postgres, postgres
from tests.kit.roles import CLOCK, OWNER, WEB, Walled, walled
from tests.kit.server import Person, running
from tests.kit.waiting import until

Row = tuple[Any, ...]
# Tables with a row of the session below, and who of its people reads it.
BOTH, CUSTOMER, MECHANIC = {"customer", "mechanic"}, {"customer"}, {"mechanic"}
TABLES = {
    "accounts_favorite": CUSTOMER,
    "autodoctor_sessions_session": BOTH,
    "autodoctor_sessions_sessionevent": BOTH,
    "autodoctor_sessions_neededskill": BOTH,
    "files_storedfile": BOTH,
    "payments_payment": BOTH,
    "payments_refund": BOTH,
    "payments_dispute": BOTH,
    "payments_earning": MECHANIC,
    "payments_movement": MECHANIC,
    "receipts_document": CUSTOMER,
    **dict.fromkeys(("transcripts_voice", "transcripts_piece", "transcripts_line"), BOTH),
    "summaries_servicelines": MECHANIC,
    "summaries_draft": MECHANIC,
    "summaries_summary": BOTH,
    "summaries_part": BOTH,
    "summaries_photo": BOTH,
    "summaries_correction": BOTH,
    **dict.fromkeys(("booking_vehicle", "booking_vehiclesession", "booking_mileagereading"), CUSTOMER),
    **dict.fromkeys(("garage_advice", "garage_sharedlink", "garage_sharedfile"), CUSTOMER),
    "handover_handover": CUSTOMER,
}
LEDGER = (
    *("payments_payment", "payments_refund", "payments_dispute", "payments_earning", "payments_movement"),
    "receipts_document",
)
AMOUNTS = {
    "payments_payment": "amount_cents",
    "payments_refund": "amount_cents",
    "payments_dispute": "payment_id",
    "payments_earning": "gross_cents",
    "payments_movement": "amount_cents",
    "receipts_document": "amount_cents",
}
# What the story of the session leaves empty.
MORE = """
INSERT INTO transcripts_voice (session_id, user_id, role, name, agreed_at, pieces_taken, bytes_taken)
    SELECT id, mechanic_id, 'mechanic', 'x', NULL, 0, 0 FROM autodoctor_sessions_session WHERE mechanic_id IS NOT NULL;
INSERT INTO transcripts_piece (voice_id, take, number, began_at, seconds, key, sent_at)
    SELECT id, gen_random_uuid(), 0, now(), 5, 'voices/' || id, now() FROM transcripts_voice;
INSERT INTO transcripts_line (session_id, voice_id, at, text) SELECT session_id, id, now(), 'x' FROM transcripts_voice;
INSERT INTO summaries_servicelines (session_id, state, lines, asked_at)
    SELECT session_id, 'asked', '[]', now() FROM transcripts_voice;
INSERT INTO accounts_favorite (customer_id, mechanic_id, added_at)
    SELECT customer_id, mechanic_id, now() FROM autodoctor_sessions_session;
INSERT INTO payments_refund (id, payment_id, amount_cents, reason, borne_by, state, stripe_id, created_at)
    SELECT gen_random_uuid(), id, 1, 'late', 'platform', 'requested', '', now() FROM payments_payment;
INSERT INTO payments_dispute (payment_id, stripe_id, amount_cents, currency, reason, status, opened_at, outcome)
    SELECT id, 'dp_1', 1, 'usd', 'fraud', 'needs_response', now(), '' FROM payments_payment;
INSERT INTO payments_earning (id, payment_id, mechanic_id, share_percent, gross_cents, currency, rounding_cents,
        borne_cents, transferred_cents, reversed_cents, completed_at, awaits_summary, payable_at, settled, created_at)
    SELECT gen_random_uuid(), p.id, s.mechanic_id, 70, 100, 'usd', 0, 0, 0, 0, now(), true, now(), false, now()
    FROM payments_payment AS p JOIN autodoctor_sessions_session AS s ON s.id = p.owner_id
    ON CONFLICT DO NOTHING;
INSERT INTO payments_movement (id, earning_id, kind, amount_cents, offset_cents, account_id, state, stripe_id, refusals,
        refused_code, created_at)
    SELECT gen_random_uuid(), id, 'transfer', 1, 0, 'acct_1', 'done', '', 0, '', now() FROM payments_earning;
INSERT INTO receipts_document (id, kind, year, serial, session_id, amount_cents, currency, content, time_zone,
        issued_at)
    SELECT gen_random_uuid(), 'receipt', 2000, 1, id, 1, 'usd', '{}', 'UTC', now() FROM autodoctor_sessions_session
    ON CONFLICT DO NOTHING;
INSERT INTO files_storedfile (id, owner_id, uploader_id, name, kind, content_type, size, key, thumbnail_key, created_at,
        shot, asked_by_name, kept)
    SELECT gen_random_uuid(), id, customer_id, 'a.pdf', 'pdf', 'application/pdf', 1, 'k', '', now(), '', '', false
    FROM autodoctor_sessions_session;
INSERT INTO autodoctor_sessions_sessionevent (session_id, seq, kind, at, audience, actor_role, actor_name, data)
    SELECT id, 9000 + number, 'support.noted', now(), audience, '', '', '{}' FROM autodoctor_sessions_session,
        (VALUES (1, 'both'), (2, 'customer'), (3, 'mechanic'), (4, 'support')) AS one (number, audience);
INSERT INTO autodoctor_sessions_neededskill (session_id, skill_id)
    SELECT s.id, k.id FROM autodoctor_sessions_session AS s, skills_skill AS k WHERE k.name = 'Toyota';
INSERT INTO summaries_draft (session_id, typed, version, saved_at)
    SELECT id, '{}', 1, now() FROM autodoctor_sessions_session;
INSERT INTO summaries_summary (session_id, author_id, findings, steps, next_steps, safe, safe_why, submitted_at)
    SELECT id, mechanic_id, 'f', 's', 'n', 'yes', '', now() FROM autodoctor_sessions_session;
INSERT INTO summaries_part (summary_id, position, name, number, quantity)
    SELECT id, 0, 'clamp', '', 1 FROM autodoctor_sessions_session;
INSERT INTO summaries_photo (summary_id, position, file_id) SELECT owner_id, 0, id FROM files_storedfile;
INSERT INTO summaries_correction (summary_id, number, author_id, text, written_at)
    SELECT id, 1, mechanic_id, 't', now() FROM autodoctor_sessions_session;
INSERT INTO booking_mileagereading (vehicle_id, mileage, read_at)
    SELECT vehicle_id, 1, now() FROM booking_vehiclesession;
INSERT INTO handover_handover (id, session_id, person_id, code_hash, made_at, expires_at, device, access_hash, has_call)
    SELECT gen_random_uuid(), id, customer_id, 'h', now(), now(), '', '', false FROM autodoctor_sessions_session;
INSERT INTO garage_advice (id, car_id, summary_id, position, words, given_at)
    SELECT gen_random_uuid(), vehicle_id, session_id, 0, 'w', now() FROM booking_vehiclesession;
INSERT INTO garage_sharedlink (id, car_id, token_hash, label, shows_vin, shows_mileage, shows_advice, shows_summaries,
        made_at, ends_at)
    SELECT gen_random_uuid(), vehicle_id, 'h', '', true, true, true, true, now(), now() FROM booking_vehiclesession;
INSERT INTO garage_sharedfile (link_id, file_id)
    SELECT garage_sharedlink.id, files_storedfile.id FROM garage_sharedlink, files_storedfile;
"""


class Story:
    """A session that is over, with a row in each table, and the people who may ask for it."""

    def __init__(self, wall: Walled, people: dict[str, Person], session_id: str) -> None:
        self.wall, self.people, self.session_id = wall, people, session_id

    def who(self, name: str) -> str:
        return {"unset": "", "system": "system"}.get(name) or (self.people[name].id if name in self.people else "")

    @contextmanager
    def speaking(self, name: str, role: str = WEB) -> Iterator["psycopg.Cursor[Row]"]:
        """Speak as this person by this role. What is said is taken back."""
        with self.wall.connect(role) as connection:
            if name != "unset":
                connection.execute(saying(self.who(name)).encode())
            with connection.cursor() as cursor:
                yield cursor
            connection.rollback()

    def said(self, name: str, statement: str, *parameters: object, role: str = WEB) -> int:
        """Return how many rows it reached."""
        with self.speaking(name, role) as cursor:
            return cursor.execute(statement.encode(), parameters).rowcount


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def story(cluster: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    if not pgbouncer.program():
        pytest.skip("PgBouncer is not installed")
    with (
        walled(cluster, "rows", tmp_path_factory.mktemp("rows")) as wall,
        running(database_url=wall.bouncer.direct_url, environment=wall.environment) as server,
    ):
        people = {name: server.enroll(1, f"{name}-")[0] for name in ("customer", "stranger")}
        people |= {name: server.enroll(1, f"{name}-", mechanics=True)[0] for name in ("mechanic", "rival")}
        people["support"] = server.sign_in("support@example.com")
        session_id = quietly.request(server, people["customer"])
        quietly.accept(server, people["mechanic"], session_id)
        quietly.act(server, people["customer"], session_id, "cancel")
        until(
            lambda: not server.sql("SELECT 1 FROM scheduler_job WHERE session_id = %s AND run_at < now()", session_id)
        )
        server.close()
        cluster.execute(MORE, wall.database)
        yield Story(wall, people, session_id)


@pytest.mark.parametrize("table", TABLES)
def test_each_row_is_read_by_its_people_and_support_and_by_nobody_else(story: Story, table: str) -> None:
    readers = TABLES[table] | {"support", "system"}
    seen = {name for name in (*story.people, "system", "unset") if story.said(name, f"SELECT 1 FROM {table}")}
    assert seen == readers
    assert story.said("system", f"SELECT 1 FROM {table}", role=CLOCK)
    assert not story.said("unset", f"SELECT 1 FROM {table}", role=CLOCK)


@pytest.mark.parametrize(
    ("who", "is_read"),
    [
        ("customer", True),
        ("mechanic", True),
        ("rival", False),
        ("stranger", False),
        ("support", True),
        ("unset", False),
    ],
)
def test_a_private_request_is_read_by_its_customer_its_mechanic_and_support(
    story: Story, who: str, is_read: bool
) -> None:
    """Opened to all, it is the rival's to read, too."""
    waits = "UPDATE autodoctor_sessions_session SET state = 'requested', mechanic_id = NULL, asked_for_id = %s"
    with story.speaking("system") as cursor:
        cursor.execute(f"{waits}, private_until = now()".encode(), [story.who("mechanic")])
        cursor.execute(saying(story.who(who)).encode())
        assert bool(cursor.execute(b"SELECT FROM autodoctor_sessions_session").rowcount) == is_read
        cursor.execute(saying("system").encode())
        cursor.execute(b"UPDATE autodoctor_sessions_session SET private_until = NULL")
        cursor.execute(saying(story.who(who)).encode())
        is_open_to = is_read or who == "rival"
        assert bool(cursor.execute(b"SELECT FROM autodoctor_sessions_session").rowcount) == is_open_to


@pytest.mark.parametrize("who", ["mechanic", "stranger", "support", "unset"])
def test_nobody_keeps_or_forgets_favorites_for_a_customer(story: Story, who: str) -> None:
    add = "INSERT INTO accounts_favorite (customer_id, mechanic_id, added_at) VALUES (%s, %s, now())"
    with pytest.raises(errors.InsufficientPrivilege):
        story.said(who, add, story.who("customer"), story.who("rival"))
    assert not story.said(who, "DELETE FROM accounts_favorite")
    assert story.said("customer", "DELETE FROM accounts_favorite")


@pytest.mark.parametrize("who", ["customer", "mechanic", "stranger", "support", "system", "unset"])
@pytest.mark.parametrize("role", [WEB, CLOCK])
@pytest.mark.parametrize("table", ["autodoctor_sessions_session", "autodoctor_sessions_sessionevent", *LEDGER])
def test_nobody_deletes_of_log_or_ledger(story: Story, table: str, role: str, who: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        story.said(who, f"DELETE FROM {table}", role=role)
    with pytest.raises(errors.InsufficientPrivilege):
        story.said(who, f"TRUNCATE {table}", role=role)


@pytest.mark.parametrize("who", ["customer", "mechanic", "stranger", "support", "system", "unset"])
@pytest.mark.parametrize("role", [WEB, CLOCK])
def test_nobody_rewrites_log_or_ledger(story: Story, role: str, who: str) -> None:
    for column in ("data", "at", "seq", "kind", "actor_id", "session_id"):
        with pytest.raises(errors.InsufficientPrivilege):
            story.said(who, f"UPDATE autodoctor_sessions_sessionevent SET {column} = {column}", role=role)
    for table, column in AMOUNTS.items():
        with pytest.raises(errors.InsufficientPrivilege):
            story.said(who, f"UPDATE {table} SET {column} = {column}", role=role)


@pytest.mark.parametrize("who", ["customer", "mechanic", "support"])
def test_a_person_moves_no_money_and_changes_no_audience_even_of_their_own(story: Story, who: str) -> None:
    for statement in (
        "UPDATE payments_payment SET state = 'released'",
        "UPDATE payments_payment SET captured_cents = 0",
        "UPDATE autodoctor_sessions_sessionevent SET audience = 'both'",
    ):
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            story.said(who, statement)
    assert story.said("system", "UPDATE payments_payment SET mismatch = ''") == 1


@pytest.mark.parametrize("who", ["stranger", "rival", "unset"])
def test_nobody_changes_or_locks_a_row_of_others(story: Story, who: str) -> None:
    for statement in (
        "UPDATE autodoctor_sessions_session SET concern = 'mine'",
        "UPDATE payments_payment SET state = 'released'",
        "UPDATE files_storedfile SET name = 'mine'",
        "UPDATE summaries_draft SET version = 9",
        "DELETE FROM summaries_draft",
        "DELETE FROM files_storedfile",
        "SELECT 1 FROM autodoctor_sessions_session FOR NO KEY UPDATE",
    ):
        assert story.said(who, statement) == 0, statement


def test_only_the_customer_ticks_a_part_off_and_changes_nothing_else_of_it(story: Story) -> None:
    tick = "UPDATE summaries_part SET bought_at = now()"
    assert story.said("customer", tick) == 1
    for who in ("mechanic", "support"):
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            story.said(who, tick)
    for who in ("stranger", "rival", "unset"):
        assert story.said(who, tick) == 0
    with pytest.raises(errors.InsufficientPrivilege):
        story.said("customer", "UPDATE summaries_part SET name = 'mine'")


def test_nobody_agrees_for_another_and_nobody_writes_what_was_said(story: Story) -> None:
    agree = "UPDATE transcripts_voice SET agreed_at = now()"  # the voice is the mechanic's
    write = "INSERT INTO transcripts_line TABLE transcripts_line"
    for who, what in (("customer", agree), ("customer", write), ("mechanic", write)):
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            story.said(who, what)
    with pytest.raises(errors.InsufficientPrivilege):
        story.said("mechanic", "UPDATE transcripts_line SET text = 'I owe you'")


def test_people_write_what_is_theirs_and_nobody_else_does(story: Story) -> None:
    event = (
        "INSERT INTO autodoctor_sessions_sessionevent (session_id, seq, kind, at, audience, actor_id, actor_role,"
        " actor_name, data) VALUES (%s, 9999, 'message.posted', now(), 'both', %s, 'customer', 'x', '{}')"
    )
    file = (
        "INSERT INTO files_storedfile (id, owner_id, uploader_id, name, kind, content_type, size, key, thumbnail_key,"
        " created_at, shot, asked_by_name, kept)"
        " VALUES (gen_random_uuid(), %s, %s, 'a', 'pdf', 'x', 1, 'other', '', now(), '', '', false)"
    )
    session, people = story.session_id, story.people
    for name in ("customer", "mechanic"):
        assert story.said(name, event, session, people[name].id) == 1
        assert story.said(name, file, session, people[name].id) == 1
        assert story.said(name, "UPDATE autodoctor_sessions_session SET concern = 'ours'") == 1
    for name in ("stranger", "rival", "unset"):
        actor = people[name].id if name in people else str(uuid4())
        for statement, by in ((event, actor), (file, actor), (file, people["customer"].id)):
            with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
                story.said(name, statement, session, by)
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        story.said("customer", event, session, people["mechanic"].id)  # in another's name


def test_only_a_mechanic_says_what_they_know_and_everybody_reads_it(story: Story) -> None:
    knows = "INSERT INTO skills_knownskill (mechanic_id, skill_id) SELECT %s, id FROM skills_skill WHERE name = 'Kia'"
    mechanic = story.people["mechanic"].id
    assert story.said("mechanic", knows, mechanic) == 1
    for name in ("customer", "rival", "unset"):
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            story.said(name, knows, mechanic)
    story.wall.cluster.execute(knows.replace("%s", f"'{mechanic}'"), story.wall.database)
    assert story.said("customer", "SELECT 1 FROM skills_knownskill WHERE mechanic_id = %s", mechanic) == 1
    for name in ("customer", "rival", "unset"):
        assert story.said(name, "DELETE FROM skills_knownskill") == 0
    assert story.said("mechanic", "DELETE FROM skills_knownskill") == 1
    for name in ("mechanic", "rival"):
        needs = "INSERT INTO autodoctor_sessions_neededskill (session_id, skill_id) SELECT %s, id FROM skills_skill"
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            story.said(name, needs, story.session_id)


def test_a_customer_reads_nothing_that_was_meant_for_the_mechanic_or_for_support(story: Story) -> None:
    heard = "SELECT DISTINCT audience FROM autodoctor_sessions_sessionevent"
    found: dict[str, set[str]] = {}
    for name in ("customer", "mechanic", "support"):
        with story.speaking(name) as cursor:
            found[name] = {audience for (audience,) in cursor.execute(heard.encode()).fetchall()}
    assert found == {
        "customer": {"both", "customer"},
        "mechanic": {"both", "mechanic"},
        "support": {"both", "customer", "mechanic", "support"},
    }


def test_the_queue_is_seen_by_mechanics_and_the_rest_of_a_request_is_not(story: Story) -> None:
    cluster, database = story.wall.cluster, story.wall.database
    state = "UPDATE autodoctor_sessions_session SET state = '{}', mechanic_id = NULL"
    [(before, mechanic)] = cluster.execute("SELECT state, mechanic_id FROM autodoctor_sessions_session", database)
    cluster.execute(state.format("requested"), database)
    try:
        assert story.said("rival", "SELECT 1 FROM autodoctor_sessions_session") == 1
        assert story.said("rival", "SELECT 1 FROM files_storedfile") == 1
        for table in ("autodoctor_sessions_sessionevent", "payments_payment", "summaries_summary"):
            assert story.said("rival", f"SELECT 1 FROM {table}") == 0
        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            story.said("rival", "UPDATE autodoctor_sessions_session SET concern = 'mine'")
        assert story.said("stranger", "SELECT 1 FROM autodoctor_sessions_session") == 0
    finally:
        cluster.execute(state.format(before).replace("NULL", f"'{mechanic}'"), database)


def test_the_name_ends_with_the_transaction(story: Story) -> None:
    count = b"SELECT count(*) FROM autodoctor_sessions_session"
    with psycopg.connect(story.wall.bouncer.url, autocommit=True) as connection:
        together = connection.execute(f"{saying(story.who('customer'))}; {count.decode()}".encode())
        together.nextset()
        assert together.fetchone() == (1,)
        for _ in range(2 * 6):
            assert connection.execute(count).fetchone() == (0,)


def test_the_application_owns_nothing_makes_nothing_and_cannot_bypass(story: Story) -> None:
    for role in (WEB, CLOCK):
        [facts] = story.wall.cluster.execute(
            f"SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = '{role}'"
        )
        assert not any(facts)
        for statement in (
            "CREATE TABLE mine (id int)",
            "ALTER TABLE payments_payment DISABLE ROW LEVEL SECURITY",
            "DROP POLICY autodoctor_read ON payments_payment",
            "DELETE FROM django_migrations",
            f"SET ROLE {OWNER}",
        ):
            with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedObject)):
                story.said("system", statement, role=role)


def test_only_what_nobody_paid_is_forgotten_and_only_by_the_system(story: Story) -> None:
    forget = "SELECT autodoctor_forget_unpaid(ARRAY[%s]::uuid[])"
    for name in ("customer", "support", "system"):
        with story.speaking(name) as cursor:
            cursor.execute(forget.encode(), [story.session_id])
            cursor.execute(saying("system").encode())
            assert cursor.execute(b"SELECT 1 FROM autodoctor_sessions_session").rowcount == 1


def test_the_roles_of_supabase_s_api_read_nothing(story: Story) -> None:
    for role in ("anon", "authenticated", "service_role"):
        with psycopg.connect(story.wall.url("postgres")) as connection:
            connection.execute(f"SET ROLE {role}".encode())
            for table in ("accounts_user", "django_session", "autodoctor_sessions_session"):
                with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(f"SELECT 1 FROM {table}".encode())
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(b"SELECT autodoctor_forget_unpaid(ARRAY[]::uuid[])")
