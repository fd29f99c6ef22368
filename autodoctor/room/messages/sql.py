"""The SQL of the message writer, for PostgreSQL and SQLite. Ids are canonical text, times are in UTC."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, cast

import orjson
import psycopg
from django.conf import settings
from django.db import connection, transaction

from autodoctor.core import acting
from autodoctor.core.postgres.base import saying
from autodoctor.rates.counting import key_of, person
from autodoctor.rates.limits import MESSAGES


class Locked(NamedTuple):
    """A session whose lock this transaction holds. `closes_at`: when its time is up, None while no clock is running."""

    state: str
    seq: int
    customer_id: str
    mechanic_id: str | None
    closes_at: datetime | None


class Person(NamedTuple):
    name: str
    is_staff: bool


class Stored(NamedTuple):
    """A message as a row of the log."""

    session_id: str
    seq: int
    at: datetime
    user_id: str
    role: str
    name: str
    client_id: str
    text: str  # empty: the id stands for something else than a message


@dataclass(frozen=True, slots=True)
class Found:
    """The stored state that a batch is checked against. A missing session is locked elsewhere, or does not exist."""

    sessions: dict[str, Locked]
    people: dict[str, Person]
    repeats: dict[tuple[str, str], Stored]  # by session and client id
    full_at: dict[str, float]  # by person: how far the limit of messages is used up


ROWS_AT_ONCE = 50  # of one statement on SQLite: each number of rows is a statement that is compiled and kept


class Statements(Protocol):
    """What a batch asks and writes, within the caller's transaction or one of its own."""

    def transaction(self) -> AbstractContextManager[None]:
        """Within, `look` begins a transaction, and `store` commits it. Without `store` it is rolled back."""
        ...

    def look(self, session_ids: list[str], user_ids: list[str], asked: list[tuple[str, str]]) -> Found:
        """Lock the sessions that can be locked now, and their writers' counts; return those, the writers, and the
        existing (session, client id) pairs.
        """
        ...

    def store(self, rows: list[Stored], seqs: dict[str, int], full_at: dict[str, float]) -> None:
        """Insert the rows, and store how far each session's log reaches and each writer's count."""
        ...


def statements() -> Statements:
    return Postgres() if connection.vendor == "postgresql" else Sqlite()


_CLOSES_AT = "CASE WHEN paused_at IS NULL AND state IN ('live', 'reconnecting') THEN COALESCE(hold_until, ends_at) END"


# Straight at the driver: Django's cursors would bind on the client, and in development keep every batch in memory.


class Postgres:
    """One message to the server for all that is asked, one for all that is written and the commit.

    Both are sent as the simple protocol has it: a driver's pipeline would wait for `BEGIN` and for `COMMIT`. Lists are
    arrays as text, which is fast to write and to read.
    """

    LOCK = f"""
        SELECT id::text, state, seq, customer_id::text, mechanic_id::text,
               (extract(epoch FROM {_CLOSES_AT}))::float8
        FROM autodoctor_sessions_session WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    """  # noqa: S608 no input in it
    PEOPLE = "SELECT id::text, name, is_staff FROM accounts_user WHERE is_active AND id = ANY(%s::uuid[])"
    # Row by row: for many at once the planner would rather read the whole log.
    REPEATS = """
        SELECT found.* FROM unnest(%s::uuid[], %s::uuid[]) AS asked(session_id, client_id) CROSS JOIN LATERAL (
            SELECT session_id::text, seq, extract(epoch FROM at)::float8, actor_id::text, actor_role, actor_name,
                   client_id::text, CASE kind WHEN 'message.posted' THEN data->>'text' ELSE '' END
            FROM autodoctor_sessions_sessionevent AS event
            WHERE event.session_id = asked.session_id AND event.client_id = asked.client_id LIMIT 1
        ) AS found
    """
    COUNTS = "SELECT key, full_at FROM rates_count WHERE key = ANY(%s::text[]) ORDER BY key FOR UPDATE"
    INSERT = """
        INSERT INTO autodoctor_sessions_sessionevent
            (session_id, seq, kind, at, audience, actor_id, actor_role, actor_name, client_id, data)
        SELECT m.session_id, m.seq, 'message.posted', %s, 'both', m.actor_id, m.actor_role, m.actor_name, m.client_id,
               jsonb_build_object('text', m.text)
        FROM unnest(%s::uuid[], %s::int[], %s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::text[])
            AS m(session_id, seq, actor_id, actor_role, actor_name, client_id, text)
    """
    ADVANCE = """
        UPDATE autodoctor_sessions_session AS s SET seq = now.seq
        FROM unnest(%s::uuid[], %s::int[]) AS now(id, seq) WHERE s.id = now.id
    """
    COUNT = """
        INSERT INTO rates_count (key, full_at)
        SELECT now.key, now.full_at FROM unnest(%s::text[], %s::float8[]) AS now(key, full_at) ORDER BY now.key
        ON CONFLICT (key) DO UPDATE SET full_at = greatest(rates_count.full_at, excluded.full_at)
    """

    def __init__(self) -> None:
        connection.ensure_connection()
        self._connection = cast("psycopg.Connection[Any]", connection.connection)
        self._begin, self._commit = list[str](), list[str]()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._begin, self._commit = ["BEGIN"], ["COMMIT"]
        try:
            yield
        finally:
            with connection.wrap_database_errors:
                self._connection.rollback()  # of what is not committed

    def look(self, session_ids: list[str], user_ids: list[str], asked: list[tuple[str, str]]) -> Found:
        says = [saying(acting.SYSTEM)] if settings.ROW_SECURITY else []
        locked, people, repeats, counts = self._send(
            [*self._begin, *says, self.LOCK, self.PEOPLE, self.REPEATS, self.COUNTS],
            _array(session_ids),
            _array(user_ids),
            *map(_array, zip(*asked, strict=True)),
            _array(map(_key, user_ids)),
        )
        return Found(
            {
                id_: Locked(state, seq, customer, mechanic, _utc(closes_at) if closes_at else None)
                for id_, state, seq, customer, mechanic, closes_at in locked
            },
            {id_: Person(name, staff) for id_, name, staff in people},
            {(row[0], row[6]): Stored(row[0], row[1], _utc(row[2]), *row[3:]) for row in repeats},
            {_person(key): full_at for key, full_at in counts},
        )

    def store(self, rows: list[Stored], seqs: dict[str, int], full_at: dict[str, float]) -> None:
        sessions, numbers, moments, people, roles, names, client_ids, texts = zip(*rows, strict=True)
        self._send(
            [self.INSERT, self.ADVANCE, self.COUNT, *self._commit],
            moments[0],
            *(_array(sessions), _array(map(str, numbers)), _array(people), _array(roles)),
            *(_array(map(_quoted, names)), _array(client_ids), _array(map(_quoted, texts))),
            *(_array(seqs), _array(map(str, seqs.values()))),
            *(_array(map(_key, full_at)), _array(map(str, full_at.values()))),
        )

    def _send(self, statements: list[str], *params: object) -> list[list[tuple[Any, ...]]]:
        """Run these in one message; return the rows of those that find some."""
        with connection.wrap_database_errors:
            cursor = psycopg.ClientCursor(self._connection).execute(";".join(statements).encode(), params)
            return [found.fetchall() for found in cursor.results() if found.description]


def _array(words: Iterable[str]) -> str:
    """Return an array as PostgreSQL reads it, of words that need no quotes."""
    return "{" + ",".join(words) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(user_id: str) -> str:
    """Return the key of a person's messages among the counts."""
    return key_of(MESSAGES, person(user_id))


def _person(key: str) -> str:
    return key.rpartition(":")[2]


def _packed(value: object) -> str:
    return orjson.dumps(value).decode()


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class Sqlite:
    """Ids are stored as 32 hex digits, moments as text without a zone.

    With each row of `executemany` the driver would hand the interpreter to the event loop, and wait for it again.
    """

    LOCK = f"""
        SELECT id, state, seq, customer_id, mechanic_id, {_CLOSES_AT}
        FROM autodoctor_sessions_session WHERE id IN (SELECT value FROM json_each(?))
    """  # noqa: S608 no input in it
    PEOPLE = "SELECT id, name, is_staff FROM accounts_user WHERE is_active AND id IN (SELECT value FROM json_each(?))"
    REPEATS = """
        SELECT session_id, seq, at || '', actor_id, actor_role, actor_name, client_id,
               CASE kind WHEN 'message.posted' THEN json_extract(data, '$.text') ELSE '' END
        FROM json_each(?) AS asked CROSS JOIN autodoctor_sessions_sessionevent
        ON session_id = substr(asked.value, 1, 32) AND client_id = substr(asked.value, 33)
        WHERE client_id IS NOT NULL
    """
    INSERT = """
        INSERT INTO autodoctor_sessions_sessionevent
            (session_id, seq, kind, at, audience, actor_id, actor_role, actor_name, client_id, data)
        VALUES"""
    ROW = "(?, ?, 'message.posted', ?, 'both', ?, ?, ?, ?, ?)"
    ADVANCE = """
        UPDATE autodoctor_sessions_session AS s SET seq = now.value FROM json_each(?) AS now WHERE s.id = now.key
    """
    COUNTS = "SELECT key, full_at FROM rates_count WHERE key IN (SELECT value FROM json_each(?))"
    COUNT = """
        INSERT INTO rates_count (key, full_at) SELECT key, value FROM json_each(?) WHERE true
        ON CONFLICT (key) DO UPDATE SET full_at = excluded.full_at
    """

    def __init__(self) -> None:
        connection.ensure_connection()
        self._connection = cast(sqlite3.Connection, connection.connection)

    def transaction(self) -> AbstractContextManager[None]:
        return transaction.atomic()

    def look(self, session_ids: list[str], user_ids: list[str], asked: list[tuple[str, str]]) -> Found:
        with connection.wrap_database_errors:
            locked = self._all(self.LOCK, [_hex(id_) for id_ in session_ids])
            people = self._all(self.PEOPLE, [_hex(id_) for id_ in user_ids])
            repeats = self._all(self.REPEATS, [_hex(id_) + _hex(client_id) for id_, client_id in asked])
            counts = self._all(self.COUNTS, [_key(id_) for id_ in user_ids])
        return Found(
            {
                _dashed(id_): Locked(state, seq, _dashed(customer), mechanic and _dashed(mechanic), _moment(closes_at))
                for id_, state, seq, customer, mechanic, closes_at in locked
            },
            {_dashed(id_): Person(name, bool(staff)) for id_, name, staff in people},
            {(row.session_id, row.client_id): row for row in map(_stored, repeats)},
            {_person(key): full_at for key, full_at in counts},
        )

    def store(self, rows: list[Stored], seqs: dict[str, int], full_at: dict[str, float]) -> None:
        at = rows[0].at.strftime("%Y-%m-%d %H:%M:%S.%f")
        by_session = sorted(rows)  # side by side in the indexes: a third less work than as they came
        with connection.wrap_database_errors:
            for first in range(0, len(rows), ROWS_AT_ONCE):
                some = [_values(row, at) for row in by_session[first : first + ROWS_AT_ONCE]]
                sql = f"{self.INSERT} {', '.join([self.ROW] * len(some))}"
                self._connection.execute(sql, [value for values in some for value in values])
            self._connection.execute(self.ADVANCE, [_packed({_hex(id_): seq for id_, seq in seqs.items()})])
            self._connection.execute(self.COUNT, [_packed({_key(id_): at for id_, at in full_at.items()})])

    def _all(self, sql: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, [_packed(values)]).fetchall()


def _values(row: Stored, at: str) -> tuple[object, ...]:
    ids = _hex(row.session_id), _hex(row.user_id), _hex(row.client_id)
    return ids[0], row.seq, at, ids[1], row.role, row.name, ids[2], _packed({"text": row.text})


def _hex(id_: str) -> str:
    return id_.replace("-", "")


def _dashed(hex_: str) -> str:
    return f"{hex_[:8]}-{hex_[8:12]}-{hex_[12:16]}-{hex_[16:20]}-{hex_[20:]}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _stored(row: tuple[Any, ...]) -> Stored:
    session_id, seq, at, user_id, role, name, client_id, text = row
    moment = cast(datetime, _moment(at))
    return Stored(_dashed(session_id), seq, moment, _dashed(user_id), role, name, _dashed(client_id), text)
