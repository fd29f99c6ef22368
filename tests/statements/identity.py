"""What makes two statements the same on both databases, whatever is given to them and however many rows it is."""

import re
from collections.abc import Callable
from functools import lru_cache

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
# Replacements in this order, for differences between the databases, or between two calls of the same line.
_SAME: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"\s+"), " "),
    (re.compile(r"::(timestamp with time zone|double precision|\w+)(\[\])?"), ""),
    (re.compile(r" FOR (NO KEY )?UPDATE( OF [\w\", .]+)?( SKIP LOCKED| NOWAIT)?"), ""),
    (re.compile(r'"'), ""),
    (re.compile(r"'[^']*'|%s|\b\d+\b|(?:(?<== )|(?<=THEN ))NULL\b"), "?"),
    (re.compile(r"\?(, \?)+"), "?"),
    (re.compile(r"\(\?\)"), "?"),
    (re.compile(r"\((CASE WHEN (?!JSON).*? END)\)"), r"\1"),
    (re.compile(r"(WHEN \(?[\w.]+ = \?\)? THEN \?)( WHEN \(?[\w.]+ = \?\)? THEN \?)+"), r"\1"),
    # Moments cut to days.
    (re.compile(r" AT TIME ZONE \?"), ""),
    (re.compile(r"django_(?:date|datetime)_trunc\(\?, ([\w.]+), \?\)"), r"DATE_TRUNC(?, \1)"),
    (re.compile(r"django_datetime_cast_date\(([\w.]+), \?\)"), r"(\1)"),
    # A key of a JSON column.
    (re.compile(r"CASE WHEN JSON_TYPE\(([\w.]+), \?\) IN \(\?,\?,\?\) THEN .*? END\)"), r"\1 -> ?)"),
    (re.compile(r"JSON_EXTRACT\?"), "?"),
    (re.compile(r" (->>|#>|#>>) "), " -> "),
    # Text compared without regard to case, and no limit.
    (re.compile(r"UPPER\((.+?)\) (?:=|LIKE) UPPER(?:\(\?\)|\?)"), r"\1 LIKE ?"),
    (re.compile(r"LIKE \? ESCAPE \?"), "LIKE ?"),
    (re.compile(r" LIMIT -\?(?= OFFSET)"), ""),
    # The beginning of a text, and the smaller or larger of two values.
    (re.compile(r"\bSUBSTR\("), "LEFT("),
    (re.compile(r"\bMIN\(([\w.]+), \?\)"), r"LEAST(\1, ?)"),
    (re.compile(r"\bMAX\(([\w.]+), \?\)"), r"GREATEST(\1, ?)"),
    # A key of two columns, or a list of keys with one column.
    (re.compile(r"\(([\w.]+)\) IN \(?\?\)?"), r"\1 = ?"),
    (re.compile(r"\(([\w.]+), ([\w.]+)\) = \?"), r"(\1 = ? AND \2 = ?)"),
    # Many rows at once: a list of rows, a union of selects, or arrays to unfold.
    (
        re.compile(r"^(INSERT (?:OR IGNORE )?INTO \w+ \([^)]*\)) (VALUES|SELECT) .*?(?= ON CONFLICT| RETURNING|$)"),
        r"\1",
    ),
    # PostgreSQL groups by a key alone, SQLite by every column of its row.
    (re.compile(r" GROUP BY .*?(?= HAVING | ORDER BY | LIMIT |$)"), " GROUP BY ?"),
    # Rows that are there already stay as they are.
    (re.compile(r"^INSERT OR IGNORE (INTO \w+ \([^)]*\))"), r"INSERT \1 ON CONFLICT DO NOTHING"),
    # PostgreSQL has each part of a union in parentheses of its own.
    (re.compile(r"^.* UNION .*$"), lambda whole: re.sub("[()]", "", whole[0])),
]
_TABLE = re.compile(r"(?:FROM|JOIN|INTO|UPDATE) (\w+_\w+)")


@lru_cache(maxsize=50_000)
def identity(sql: str) -> str:
    """Return the identity of a statement; empty for transactions, settings of the connection, and DDL."""
    text = sql.strip()
    if not text.lstrip("(").startswith(VERBS):
        return ""
    for pattern, replacement in _SAME:
        text = pattern.sub(replacement, text)
    return text.strip()


@lru_cache(maxsize=1_000)
def identity_at_driver(sql: str) -> str:
    """Return the identity of SQL written per database: only its verb and table."""
    text = " ".join(sql.split())
    if not text.startswith(VERBS):
        return ""
    tables = [table for table in _TABLE.findall(text) if not table.startswith(("json", "jsonb"))]
    return f"at the driver: {text.split()[0]} {tables[0] if tables else ''}".strip()
