"""Columns that hold the text of other columns as people search for it, and that no way of writing leaves behind.

`save`, `create` and `bulk_create` keep them; `update` and `bulk_update` of what they are made of are refused, because
the database cannot fold text.
"""

from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Any, TypeVar

from django.db import models, transaction

M = TypeVar("M", bound=models.Model)


class StaleColumn(Exception):
    """This way of writing would leave a folded column as it was. Use `save`."""


class FoldedField(models.TextField):  # type: ignore[type-arg] # not generic when it runs
    """Holds `words(row)`, made of the fields that `of` names. The model is a `FoldedColumns`, its queries fold."""

    def __init__(self, *, of: tuple[str, ...] = (), words: Callable[[Any], str] = str, **options: Any) -> None:
        self.of, self.words = of, words
        options.setdefault("default", "")
        options.setdefault("editable", False)
        super().__init__(**options)

    def deconstruct(self) -> Any:
        """For migrations a text like any other."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.TextField", args, options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        words = self.words(model_instance)
        setattr(model_instance, self.attname, words)
        return words


@cache
def folded_fields(model: type[models.Model]) -> list[FoldedField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, FoldedField)]


def made_of(model: type[models.Model], written: Collection[str]) -> set[str]:
    """Return the folded columns that are made of any of these fields."""
    return {field.name for field in folded_fields(model) if not {*field.of}.isdisjoint(written)}


@cache
def _writable(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    fields = model._meta.concrete_fields
    return [field for field in fields if not field.primary_key and not isinstance(field, models.GeneratedField)]


class FoldingQuerySet(models.QuerySet[M]):
    """Refuses to write what a folded column is made of without the column."""

    def update(self, **values: Any) -> int:
        columns = made_of(self.model, values) | {field.name for field in folded_fields(self.model)} & values.keys()
        if columns:
            raise StaleColumn(f"{', '.join(sorted(columns))} of {self.model.__name__} is kept by `save` only")
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined] # for templates, as in Django

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        if fields := options.get("update_fields"):
            options["update_fields"] = [*fields, *(made_of(self.model, fields) - {*fields})]
        return super().bulk_create(objs, *args, **options)


class FoldedColumns(models.Model):
    """A model with folded columns."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Write the folded columns beside what they are made of, also if only that is written or was loaded."""
        fields = options.get("update_fields")
        if fields is None and not self._state.adding:
            fields = self._loaded_fields()
        if not fields:
            return super().save(*args, **options)
        columns = made_of(type(self), fields)
        options["update_fields"] = {*fields, *columns}
        rest = {name for field in folded_fields(type(self)) if field.name in columns for name in field.of} - {*fields}
        if not rest:
            return super().save(*args, **options)
        with transaction.atomic(savepoint=False):
            self._read_again(rest)
            return super().save(*args, **options)

    def _read_again(self, rest: Collection[str]) -> None:
        """See what others have written meanwhile of what a folded column is made of, and keep it so."""
        there = type(self)._base_manager.select_for_update(no_key=True).filter(pk=self.pk)
        for name, value in (there.values(*rest).first() or {}).items():
            setattr(self, name, value)

    def _loaded_fields(self) -> set[str] | None:
        """Return what Django would write of a row of which not everything was loaded; else None: everything."""
        deferred, writable = self.get_deferred_fields(), _writable(type(self))
        loaded = {field.name for field in writable if field.attname not in deferred}
        return loaded if len(loaded) < len(writable) else None
