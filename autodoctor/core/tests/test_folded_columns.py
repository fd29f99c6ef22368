"""Folded columns follow what they are made of, whatever writes it."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat

from autodoctor.accounts.models import User
from autodoctor.core.folded_columns import FoldedColumns, FoldedField, FoldingQuerySet, StaleColumn, folded_fields
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db
FOLDED = [model for model in apps.get_models() if folded_fields(model)]


def test_the_models_that_support_searches_in_have_folded_columns() -> None:
    assert {model.__name__ for model in FOLDED} == {"User", "Session", "Conversation"}


@pytest.mark.parametrize("model", FOLDED)
def test_every_model_with_a_folded_column_refuses_what_would_leave_it_behind(model: type[models.Model]) -> None:
    """By each of its managers, also that which related objects use."""
    assert issubclass(model, FoldedColumns)
    managers = [*model._meta.managers, model._base_manager, model._default_manager]
    for column in folded_fields(model):
        assert column.of
        for manager in managers:
            assert isinstance(manager.all(), FoldingQuerySet)
            for source in (*column.of, column.name):
                with pytest.raises(StaleColumn, match=column.name):
                    manager.update(**{source: F(source)})


def test_no_column_is_folded_by_hand() -> None:
    """A text column that support searches in is a `FoldedField`."""
    searched = {"search_words", "vehicle_search", "trouble_code_search"}
    found = {field.name for model in FOLDED for field in folded_fields(model)}
    assert found == searched
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            assert isinstance(field, FoldedField) or not field.name.endswith(("_search", "search_words"))


def words(user: User) -> str:
    return str(User.objects.get(pk=user.pk).search_words)


def test_a_person_is_found_by_the_name_that_was_saved_last(customer: User) -> None:
    customer.name = "Özlem Ørsted"
    customer.save(update_fields=["name"])
    assert words(customer) == "ozlem orsted customer@example.com"
    customer.email = "Zoë@example.com"
    customer.save()
    assert words(customer) == "ozlem orsted zoe@example.com"


def test_saving_a_partly_loaded_person_updates_the_folded_column(customer: User) -> None:
    part = User.objects.only("name").get(pk=customer.pk)
    part.name = "Šárka"
    part.save()
    assert words(customer) == "sarka customer@example.com"
    User.objects.defer("search_words").get(pk=customer.pk).save()
    assert words(customer) == "sarka customer@example.com"
    later = User.objects.defer("email", "search_words").get(pk=customer.pk)
    later.name = "Łukasz"
    later.save(update_fields={"name"})
    assert words(customer) == "lukasz customer@example.com"


def test_saving_an_unrelated_field_does_not_write_the_folded_column(customer: User) -> None:
    customer.name = "Not saved"
    customer.save(update_fields=["time_zone"])
    assert words(customer) == "casey customer customer@example.com"


def test_bulk_writes_keep_the_folded_column_or_are_refused() -> None:
    people = User.objects.bulk_create(
        User(email=f"{name.lower()}@example.com", name=name) for name in ("Jürgen", "Françoise")
    )
    assert [words(person) for person in people] == ["jurgen jurgen@example.com", "francoise francoise@example.com"]
    people[0].name = "Jörg"
    people[0].email = "another@example.com"
    User.objects.bulk_create(people[:1], update_conflicts=True, unique_fields=["id"], update_fields=["name"])
    assert words(people[0]).startswith("jorg ")
    with pytest.raises(StaleColumn):
        User.objects.bulk_update(people, ["name"])


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Özlem"},
        {"name": Concat(F("name"), Value("!"))},
        {"name": "Özlem", "search_words": "ozlem"},
        {"search_words": "whatever"},
        {"email": "other@example.com", "time_zone": "UTC"},
    ],
)
def test_a_queryset_update_that_would_leave_the_folded_column_stale_is_refused(
    customer: User, values: dict[str, Any]
) -> None:
    with pytest.raises(StaleColumn):
        User.objects.filter(pk=customer.pk).update(**values)
    with pytest.raises(StaleColumn):
        User._base_manager.filter(pk=customer.pk).update(**values)
    assert User.objects.filter(pk=customer.pk).update(time_zone="Europe/Berlin") == 1


def test_update_or_create_updates_the_folded_column(customer: User) -> None:
    User.objects.update_or_create(email=customer.email, defaults={"name": "Łukasz"})
    assert words(customer) == "lukasz customer@example.com"


def test_a_vehicle_is_found_as_it_was_saved_last(customer: User, mechanic: User) -> None:
    session = Story(customer, mechanic).session
    session.vehicle = {"make": "Škoda", "model": "Citroën"}
    session.save(update_fields=["vehicle"])
    assert Session.objects.get(pk=session.pk).vehicle_search == " skoda citroen"
    with pytest.raises(StaleColumn):
        customer.sessions_as_customer.update(vehicle={})
