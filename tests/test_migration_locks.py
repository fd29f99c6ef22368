"""Migrations that lock a table which people use are found, and those that do not are let pass."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres import operations as postgres
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Now, Random

from tests import migration_locks
from tests.migration_locks import SMALL, Field, of_the_project, problems

NULL: dict[str, Any] = {"null": True}
AMOUNT = models.Index(fields=["amount"], name="by_amount")
CHECK = models.CheckConstraint(condition=models.Q(amount__gte=0), name="no_debt")
UNIQUE = models.UniqueConstraint(fields=["name"], name="one_name")


def nothing(*_given: object) -> None:
    """For RunPython."""


def shop() -> ProjectState:
    state = ProjectState()
    fields: list[tuple[str, models.Field[object, object]]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20)),
        ("amount", models.IntegerField()),
        ("note", models.TextField(**NULL)),
    ]
    state.add_model(ModelState("shop", "Order", fields))
    return state


def found(*operations: Operation, atomic: bool = True) -> list[str]:
    made = type("Migration", (migrations.Migration,), {"operations": operations, "atomic": atomic})
    return list(problems(made("0002_more", "shop"), shop()))


def altered(name: str, field: Field) -> Operation:
    return migrations.AlterField("order", name, field)


def added(field: Field) -> Operation:
    return migrations.AddField("order", "more", field)


BAD: dict[str, Operation] = {
    "index": migrations.AddIndex("order", AMOUNT),
    "concurrent index within a transaction": postgres.AddIndexConcurrently("order", AMOUNT),
    "check": migrations.AddConstraint("order", CHECK),
    "unique": migrations.AddConstraint("order", UNIQUE),
    "unique together": migrations.AlterUniqueTogether("order", {("name", "amount")}),
    "column with an index": added(models.IntegerField(db_index=True, **NULL)),
    "unique column": added(models.IntegerField(unique=True, **NULL)),
    "foreign key": added(models.ForeignKey("shop.Order", models.CASCADE, **NULL)),
    "volatile default": added(models.FloatField(db_default=Random())),
    "column without a default": added(models.IntegerField(default=0)),
    "generated column": added(
        models.GeneratedField(expression=models.F("amount") * 2, output_field=models.IntegerField(), db_persist=True)
    ),
    "other type": altered("amount", models.BigIntegerField()),
    "shorter text": altered("name", models.CharField(max_length=10)),
    "bounded text": altered("note", models.CharField(max_length=10, **NULL)),
    "not null": altered("note", models.TextField(default="")),
    "index on a column": altered("amount", models.IntegerField(db_index=True)),
    "all rows in one transaction": migrations.RunPython(nothing),
    "rows by SQL": migrations.RunSQL("UPDATE shop_order SET amount = 0"),
    "one of two statements": migrations.RunSQL("COMMENT ON TABLE shop_order IS 'x'; UPDATE shop_order SET amount = 0"),
    "hidden within another": migrations.SeparateDatabaseAndState(
        database_operations=[migrations.AddIndex("order", AMOUNT)]
    ),
}
GOOD: dict[str, Operation] = {
    "null column": added(models.IntegerField(**NULL)),
    "constant default": added(models.IntegerField(db_default=0)),
    "moment of the migration": added(models.DateTimeField(db_default=Now())),
    "foreign key without a look at the rows": added(
        models.ForeignKey("shop.Order", models.CASCADE, db_index=False, db_constraint=False, **NULL)
    ),
    "table between two": added(models.ManyToManyField("shop.Order")),
    "check for new rows": postgres.AddConstraintNotValid("order", CHECK),
    "validation": postgres.ValidateConstraint("order", "no_debt"),
    "longer text": altered("name", models.CharField(max_length=40)),
    "text without a bound": altered("name", models.TextField()),
    "null": altered("name", models.CharField(max_length=20, **NULL)),
    "words": altered("name", models.CharField("name of it", max_length=20, help_text="?", blank=True, default="")),
    "column removed": migrations.RemoveField("order", "note"),
}
OUTSIDE_OF_A_TRANSACTION: dict[str, Operation] = {
    "index": postgres.AddIndexConcurrently("order", AMOUNT),
    "chunks": migrations.RunPython(nothing, atomic=False),
    "index by SQL": migrations.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY one_name ON shop_order (name)"),
    "constraint of an index": migrations.RunSQL("ALTER TABLE shop_order ADD CONSTRAINT a UNIQUE USING INDEX one_name"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_locks_for_long_is_found(name: str) -> None:
    [sentence] = found(BAD[name])
    assert "shop.0002_more" in sentence


@pytest.mark.parametrize("name", GOOD)
def test_what_takes_no_time_passes(name: str) -> None:
    assert found(GOOD[name]) == []


@pytest.mark.parametrize("name", OUTSIDE_OF_A_TRANSACTION)
def test_what_takes_its_time_passes_outside_of_a_transaction(name: str) -> None:
    assert found(OUTSIDE_OF_A_TRANSACTION[name], atomic=False) == []


def test_a_table_of_the_same_migration_is_nobodys_yet() -> None:
    made = migrations.CreateModel("Parcel", [("id", models.BigAutoField(primary_key=True))])
    index = migrations.AddIndex("parcel", models.Index(fields=["id"], name="by_id"))
    assert found(made, index) == []


def test_small_tables_exist_and_are_done_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(apps.get_model(label) for label in SMALL)
    monkeypatch.setattr(migration_locks, "SMALL", {"shop.order"})
    assert found(BAD["index"]) == []


def test_no_migration_of_the_project_locks_a_table_that_people_use() -> None:
    assert list(of_the_project()) == []
