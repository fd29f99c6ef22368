"""Many made-up rows at once, by SQL."""

from collections.abc import Mapping

from django.apps import apps
from django.db import connection, models

_DEFAULTS: Mapping[type[models.Field], str] = {  # type: ignore[type-arg]
    models.CharField: "''",
    models.TextField: "''",
    models.BooleanField: "false",
    models.JSONField: "'{}'::jsonb",
    models.DateTimeField: "now()",
    models.UUIDField: "md5(n::text)::uuid",
    models.BinaryField: "''::bytea",
    models.FloatField: "0",
    models.IntegerField: "0",
}


def insert(label: str, count: int, **given: str | None) -> None:
    """Insert rows 1 to `count`, `n` in the expressions; what is not given is null, empty or zero."""
    model = apps.get_model(label)
    columns: dict[str, str | None] = {
        str(field.column): given.get(str(field.column)) or _default(field)
        for field in model._meta.concrete_fields
        if not isinstance(field, models.BigAutoField | models.GeneratedField) or field.column in given
    }
    names, values = ", ".join(columns), ", ".join(value or "NULL" for value in columns.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} FROM generate_series(1, {count}) AS n"
        )


def _default(field: "models.Field[object, object]") -> str | None:
    if field.null:
        return None
    if isinstance(field, models.ForeignKey):
        return _default(field.target_field)
    return next(value for kind, value in _DEFAULTS.items() if isinstance(field, kind))
