"""Identity of statements: equal if only parameters or the database differ."""

import pytest

from tests.statements.identity import identity, identity_at_driver


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('SELECT "a"."id" FROM "a" WHERE "a"."id" = %s', "SELECT a.id\n  FROM a WHERE a.id = %s"),
        ("SELECT id FROM a WHERE id IN (%s)", "SELECT id FROM a WHERE id IN (%s, %s, %s)"),
        ("SELECT id FROM a LIMIT 1", "SELECT id FROM a LIMIT 21"),
        ("SELECT id FROM a WHERE k = 'x'", "SELECT id FROM a WHERE k = %s"),
        ("SELECT id FROM a", "SELECT id FROM a FOR UPDATE"),
        ("SELECT id FROM a LIMIT %s", 'SELECT id FROM a LIMIT %s FOR NO KEY UPDATE OF "a" SKIP LOCKED'),
        ("SELECT id FROM a WHERE b = %s", "SELECT id FROM a WHERE b = %s::timestamp with time zone"),
        ("UPDATE a SET b = NULL WHERE id = %s", "UPDATE a SET b = %s WHERE id = %s"),
        (
            'SELECT DISTINCT django_datetime_trunc(%s, "a"."at", %s, %s) AS "d" FROM "a"',
            'SELECT DISTINCT DATE_TRUNC(%s, "a"."at" AT TIME ZONE %s) AS "d" FROM "a"',
        ),
        (
            'SELECT id FROM a WHERE django_datetime_cast_date("a"."at", %s, %s) = %s',
            'SELECT id FROM a WHERE ("a"."at" AT TIME ZONE %s)::date = %s',
        ),
        (
            """SELECT id FROM a WHERE "a"."b" LIKE %s ESCAPE '\\'""",
            'SELECT id FROM a WHERE UPPER("a"."b"::text) LIKE UPPER(%s)',
        ),
        (
            """SELECT id FROM a WHERE ("a"."b" LIKE %s ESCAPE '\\' OR "a"."c" LIKE %s ESCAPE '\\')""",
            'SELECT id FROM a WHERE (UPPER("a"."b"::text) LIKE UPPER(%s) OR UPPER("a"."c"::text) LIKE UPPER(%s))',
        ),
        (
            """SELECT id FROM a WHERE (CASE WHEN JSON_TYPE("a"."b", %s) IN ('false','null','true')"""
            """ THEN JSON_TYPE("a"."b", %s) ELSE JSON_EXTRACT("a"."b", %s) END) = JSON_EXTRACT(%s, '$')""",
            'SELECT id FROM a WHERE ("a"."b" -> %s) = %s',
        ),
        (
            """SELECT id FROM a WHERE (CASE WHEN JSON_TYPE("a"."b", %s) IN ('false','null','true')"""
            """ THEN JSON_TYPE("a"."b", %s) ELSE JSON_EXTRACT("a"."b", %s) END) LIKE %s ESCAPE '\\'""",
            'SELECT id FROM a WHERE UPPER(("a"."b" ->> %s)::text) LIKE UPPER(%s)',
        ),
        ('UPDATE a SET b = MIN("a"."b", %s)', 'UPDATE a SET b = LEAST("a"."b", %s)'),
        ('UPDATE a SET b = MAX("a"."b", %s)', 'UPDATE a SET b = GREATEST("a"."b", %s)'),
        ('SELECT SUBSTR("a"."b", 1, %s) AS c FROM a', 'SELECT LEFT("a"."b", %s) AS c FROM a'),
        ("SELECT id FROM a ORDER BY id LIMIT -1 OFFSET 5", "SELECT id FROM a ORDER BY id OFFSET 5"),
        ("UPDATE a SET d = %s WHERE (a.b, a.c) = (%s, %s)", "UPDATE a SET d = %s WHERE (a.b = %s AND a.c = %s)"),
        (
            "UPDATE a SET b = CASE WHEN (a.id = %s) THEN NULL ELSE NULL END",
            "UPDATE a SET b = (CASE WHEN (a.id = %s) THEN %s::int WHEN (a.id = %s) THEN NULL ELSE NULL END)::int",
        ),
        ("SELECT id FROM a WHERE (a.id) IN ((%s))", "SELECT id FROM a WHERE a.id = %s"),
        ('INSERT INTO "a" ("b", "c") VALUES (%s, %s)', "INSERT INTO a (b, c) VALUES (%s, NULL), (%s, %s)"),
        (
            'INSERT INTO "a" ("b") VALUES (%s), (%s) RETURNING "a"."id"',
            'INSERT INTO "a" ("b") SELECT * FROM UNNEST((%s)::varchar[]) RETURNING "a"."id"',
        ),
        (
            "UPDATE a SET b = CASE WHEN (a.id = %s) THEN %s ELSE NULL END",
            "UPDATE a SET b = CASE WHEN (a.id = %s) THEN %s WHEN (a.id = %s) THEN %s ELSE NULL END",
        ),
        (
            "SELECT a.x FROM a WHERE (a.x = 1) UNION SELECT b.x FROM b",
            "(SELECT a.x FROM a WHERE a.x = 1) UNION (SELECT b.x FROM b)",
        ),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert identity(one) == identity(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE b = %s", "SELECT a FROM t WHERE c = %s"),
        ("SELECT a FROM t", "SELECT a, b FROM t"),
        ("SELECT a FROM t WHERE b = %s", "SELECT a FROM t WHERE b > %s"),
        ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a DESC"),
        ("INSERT INTO t (a) VALUES (%s)", "INSERT INTO t (a) VALUES (%s) ON CONFLICT DO NOTHING"),
        ("UPDATE t SET a = %s", "UPDATE t SET b = %s"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert identity(one) != identity(other)


@pytest.mark.parametrize("sql", ["SAVEPOINT s1", "BEGIN IMMEDIATE", "PRAGMA foreign_keys = ON", "CREATE TABLE t (a)"])
def test_other_statements_have_no_identity(sql: str) -> None:
    assert identity(sql) == identity_at_driver(sql) == ""


def test_sql_at_the_driver_is_known_by_verb_and_table() -> None:
    postgres = "SELECT s.at FROM jsonb_array_elements(%s::jsonb) AS asked JOIN app_event ON s.id = (asked->>0)::uuid"
    sqlite = "SELECT s.at FROM json_each(?) AS asked CROSS JOIN app_event ON s.id = 1"
    assert identity_at_driver(postgres) == identity_at_driver(sqlite) == "at the driver: SELECT app_event"
    assert identity_at_driver("UPDATE app_event AS s SET seq = 1") == "at the driver: UPDATE app_event"


def test_rows_that_are_there_already_are_left_in_the_words_of_each_database() -> None:
    on_sqlite = "INSERT OR IGNORE INTO a_rule (name, seconds) VALUES (%s, %s), (%s, %s)"
    on_postgres = 'INSERT INTO "a_rule" ("name", "seconds") VALUES (%s, %s) ON CONFLICT DO NOTHING'
    assert identity(on_sqlite) == identity(on_postgres)
