"""PostgreSQL is told which tables change all the time; SQLite has no such setting."""

import pytest
from django.db import connection, migrations
from django.db.migrations.state import ProjectState

from autodoctor.core.page_space import LeaveSpace


def options(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = %s", [table])
        return cursor.fetchone()[0] or []


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.parametrize("table", ["autodoctor_sessions_session", "rates_count"])
def test_what_every_message_changes_has_space_for_its_next_version(table: str) -> None:
    assert options(table) == ["fillfactor=70"]


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_migration_can_take_the_space_back() -> None:
    made: type[migrations.Migration] = type(
        "Migration", (migrations.Migration,), {"operations": [LeaveSpace("rates_kept")]}
    )
    migration, state = made("0002_space", "rates"), ProjectState()
    with connection.schema_editor() as editor:
        migration.apply(state, editor)
        assert options("rates_kept") == ["fillfactor=70"]
        migration.unapply(state, editor)
    assert options("rates_kept") == []
