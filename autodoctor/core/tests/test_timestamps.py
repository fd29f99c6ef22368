"""Timestamps of PostgreSQL come out as Django's own reader gives them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DataError, connection

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps timestamps as text"),
]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 30, 4, 5, 6, 123456, UTC),
        datetime(2026, 11, 30, 4, 5, 6, 120000, UTC),
        datetime(2026, 11, 30, 4, 5, 6, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
        datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    ],
)
def test_a_timestamp_comes_back_as_it_was(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", [moment])
        found, nothing = cursor.fetchone()
    assert found == moment
    assert found.utcoffset() == timedelta()
    assert nothing is None


def test_a_year_that_python_does_not_know_is_an_error_of_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT '0044-03-15 BC'::timestamptz")
        with pytest.raises(DataError):
            cursor.fetchone()
