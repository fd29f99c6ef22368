"""No migration keeps people from a table that they use: `python -m tests.migration_locks` names each that would.

What reads or writes a whole table in one statement locks it for as long as that takes, and all who want it queue up.
Each has another way, which the sentence names. Initial migrations make their tables; a small table is done in no time.
"""

import os
import re
import sys
from collections.abc import Iterator
from typing import Any, TypeAlias

import django
from django.apps import apps
from django.contrib.postgres import operations as postgres
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import AlterTogetherOptionOperation
from django.db.migrations.state import ProjectState
from django.db.models.expressions import Expression, Value
from django.db.models.functions import Now

Field: TypeAlias = "models.Field[Any, Any]"
# Tables of configuration and of the present, with some dozens of rows.
SMALL = {
    *("booking.plan", "booking.extensionoption", "autodoctor_sessions.ruletime", "receipts.series"),
    *("scheduler.lanestate", "payments.moneyalarm"),
}
HARMLESS_SQL = re.compile(
    r"\s*(CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY|DROP\s+INDEX\s+CONCURRENTLY|REINDEX\s+.*CONCURRENTLY"
    r"|ALTER\s+TABLE\s+\S+\s+(ADD\s+CONSTRAINT\s.*(NOT\s+VALID|USING\s+INDEX\s+\w+)|VALIDATE\s+CONSTRAINT\s+\S+)"
    r"|COMMENT\s+ON)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# Of a field, what Django compares and the database does not know.
NOT_STORED = {*models.Field.non_db_attrs, "default", "auto_now", "auto_now_add"}
OUTSIDE = "only in a migration with `atomic = False`"


def problems(migration: migrations.Migration, before: ProjectState) -> Iterator[str]:
    """Yield a sentence for each operation that locks a table of `before` for long."""
    state, made = before.clone(), set()
    for operation in migration.operations:
        if isinstance(operation, migrations.CreateModel):
            made.add(operation.name_lower)
        for part in _parts(operation):
            table = f"{migration.app_label}.{_model_of(part)}"
            if _model_of(part) not in made and table not in SMALL and (why := _judge(part, migration, state)):
                yield f"{migration}: {part.describe()}: {why}"
        operation.state_forwards(migration.app_label, state)


def of_the_project() -> Iterator[str]:
    loader = MigrationLoader(None)
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("autodoctor.")}
    for key, migration in sorted(loader.disk_migrations.items()):
        if key[0] in ours and not migration.initial:
            before = loader.project_state([key], at_end=False)
            yield from problems(migration, before)


def _parts(operation: Operation) -> Iterator[Operation]:
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        for part in operation.database_operations:
            yield from _parts(part)
    else:
        yield operation


def _model_of(operation: Operation) -> str:
    name = getattr(operation, "model_name", "") or getattr(operation, "name", "")
    return str(name or "").lower()


def _judge(operation: Operation, migration: migrations.Migration, state: ProjectState) -> str:
    """Return why it locks for long; empty if it does not."""
    match operation:
        case migrations.AddField():
            return _judge_added(operation.field)
        case migrations.AlterField():
            known = state.models[migration.app_label, operation.model_name_lower].fields[operation.name]
            return _judge_altered(known, operation.field)
        case migrations.RunPython() | migrations.RunSQL():
            return _judge_run(operation, migration)
        case _:
            return _judge_index(operation, migration)


def _judge_index(operation: Operation, migration: migrations.Migration) -> str:
    match operation:
        case postgres.AddIndexConcurrently() | postgres.RemoveIndexConcurrently():
            return OUTSIDE if migration.atomic else ""
        case migrations.AddIndex():
            return f"nobody can write while the index is built: AddIndexConcurrently, {OUTSIDE}"
        case migrations.AddConstraint() if not isinstance(operation, postgres.AddConstraintNotValid):
            return (
                "the whole table is read while nobody can write: AddConstraintNotValid, and ValidateConstraint in the "
                "next migration; for unique columns CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX"
            )
        case AlterTogetherOptionOperation():
            return "nobody can write while the index is built: an index or a constraint with a name"
        case _:
            return ""


def _judge_added(field: Field) -> str:
    if field.many_to_many:
        return ""  # a new table
    if isinstance(field, models.GeneratedField):
        return "every row is written anew: an ordinary column, filled in chunks"
    if field.unique or getattr(field, "db_index", False) or getattr(field, "db_constraint", False):
        return (
            "its index or foreign key reads the whole table: a plain column (db_index=False, db_constraint=False), "
            "then the index and the constraint as they are added to a table that is there"
        )
    if isinstance(field.db_default, Expression) and not isinstance(field.db_default, Value | Now):
        return "a default that differs from row to row writes every row anew: null=True, filled in chunks"
    if not field.null and not field.has_db_default():
        return "processes of the old version cannot insert without it: null=True or a constant db_default"
    return ""


def _judge_altered(known: Field, altered: Field) -> str:
    before, after = _stored(known), _stored(altered)
    if altered.null:  # NOT NULL is dropped without a look at the rows
        before["null"] = True
    if before == after:
        return ""
    texts = {before.pop("type"), after.pop("type")} <= {"CharField", "TextField"}
    old, new = before.pop("max_length", None), after.pop("max_length", None)
    if texts and before == after and (new is None or (old is not None and int(new) >= int(old))):
        return ""
    return (
        "its type, its index or NOT NULL is changed by reading or writing the whole table: a new column, filled in "
        "chunks; for NOT NULL a check constraint that is not valid at first"
    )


def _stored(field: Field) -> dict[str, Any]:
    *_, given = field.deconstruct()
    kept = {name: value for name, value in given.items() if name not in NOT_STORED}
    return kept | {"type": field.get_internal_type()}


def _judge_run(operation: Operation, migration: migrations.Migration) -> str:
    match operation:
        case migrations.RunPython() if migration.atomic or operation.atomic is not False:
            return (
                "all rows that it changes stay locked until its end: RunPython(…, atomic=False) that goes through the "
                f"table in chunks (core/chunks.py), {OUTSIDE}"
            )
        case migrations.RunSQL() if not all(map(HARMLESS_SQL.fullmatch, _statements(operation))):
            return f"nobody can tell how long it locks: an operation of Django, or {HARMLESS_SQL.pattern}"
        case migrations.RunSQL() if migration.atomic and "CONCURRENTLY" in str(operation.sql).upper():
            return OUTSIDE
        case _:
            return ""


def _statements(operation: migrations.RunSQL) -> list[str]:
    given = operation.sql if isinstance(operation.sql, list | tuple) else [operation.sql]
    texts = [each if isinstance(each, str) else each[0] for each in given]
    return [text for whole in texts for text in whole.split(";") if text.strip()]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "autodoctor.settings")
    django.setup()
    found = list(of_the_project())
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
