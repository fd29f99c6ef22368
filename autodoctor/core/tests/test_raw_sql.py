"""Rows of one model that are written in one statement, each with values of its own."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError
from pytest_django import DjangoAssertNumQueries

from autodoctor.accounts.models import User
from autodoctor.core.raw_sql import update_rows

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_each_row_gets_its_own_values(
    customer: User, mechanic: User, stranger: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    customer.last_login, mechanic.last_login = None, NOON
    customer.is_active, mechanic.is_active = True, False
    with django_assert_num_queries(1):
        update_rows([customer, mechanic], ["last_login", "is_active"])
    found = {user.pk: (user.last_login, user.is_active) for user in User.objects.all()}
    assert found[customer.pk] == (None, True)
    assert found[mechanic.pk] == (NOON, False)
    assert found[stranger.pk] == (None, True)


def test_only_the_named_columns_are_written(customer: User) -> None:
    before = customer.email
    customer.name, customer.email = "Özlem", "other@example.com"
    update_rows([customer], ["name"])
    found = User.objects.get(pk=customer.pk)
    assert (found.name, found.email) == ("Özlem", before)


def test_folded_columns_follow_what_they_are_made_of(customer: User) -> None:
    customer.name = "Özlem"
    update_rows([customer], ["name"])
    assert str(User.objects.get(pk=customer.pk).search_words).startswith("ozlem")


@pytest.mark.postgres  # SQLite does not mind
def test_a_value_that_is_too_long_is_refused_and_not_cut(customer: User) -> None:
    customer.name = "x" * 1000
    with pytest.raises(DatabaseError):
        update_rows([customer], ["name"])


def test_a_row_that_is_gone_is_an_error(customer: User, stranger: User) -> None:
    User.objects.filter(pk=stranger.pk).delete()
    with pytest.raises(DatabaseError, match="1 of 2 rows"):
        update_rows([customer, stranger], ["name"])
