"""Lists of the admin: addresses that read out what no page shows, and values that no database takes."""

from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.payments.models import Payment
from autodoctor.receipts.models import Document

# Of other packages: for superusers, and without a field that is not shown.
SHOWN_WHOLE = {Group, EmailAddress}
LISTS = {model: f"/admin/{model._meta.label_lower.replace('.', '/')}/" for model in admin.site._registry}
ODD = ("%00", "a%00b", "NaN", "99999-01-01", "9223372036854775808", "2147483648", quote("²"), "%FF", "", "0001-01-01")


@pytest.fixture
def superuser(support: User) -> Client:
    support.is_superuser = True
    support.save()
    client = Client(raise_request_exception=False)
    client.force_login(support)
    return client


def offered(table: admin.ModelAdmin) -> list[str]:  # type: ignore[type-arg]
    names = [str(each[0] if isinstance(each, tuple) else each) for each in table.list_filter]
    return [*names, *([table.date_hierarchy] if table.date_hierarchy else [])]


def test_a_list_is_filtered_only_by_what_it_offers(superuser: Client) -> None:
    """A password's hash, a job's payload, a car's nickname: none is guessed letter by letter."""
    for model, table in admin.site._registry.items():
        hidden = {field.name for field in model._meta.fields} - set(offered(table))
        for name in hidden if model not in SHOWN_WHOLE else ():
            answers = [
                superuser.get(f"{LISTS[model]}?{name}{how}=a") for how in ("", "__startswith", "__gt", "__regex")
            ]
            assert {answer.status_code for answer in answers} == {400}, f"{LISTS[model]}?{name}"


def test_what_a_list_offers_is_filtered(superuser: Client) -> None:
    for query in ("is_staff__exact=1", "mechanic_profile__state__exact=approved", "is_active=1&is_staff=0"):
        assert superuser.get(f"{LISTS[User]}?{query}").status_code == 200
    assert superuser.get(f"{LISTS[Payment]}?created_at__year=2026&created_at__month=2&state=held").status_code == 200
    assert superuser.get(f"{LISTS[Document]}?year__exact=2026").status_code == 200


def test_values_that_no_database_takes_lead_back_to_the_list(superuser: Client) -> None:
    for model, table in admin.site._registry.items():
        asked = [f"{name}__exact={odd}" for name in offered(table) for odd in ODD]
        if day := table.date_hierarchy:
            asked += [f"{day}__year={odd}&{day}__month=13&{day}__day=31" for odd in ODD]
        for query in asked:
            answer = superuser.get(f"{LISTS[model]}?{query}")
            assert answer.status_code in {200, 302, 303}, f"{LISTS[model]}?{query}"
            if answer.status_code == 303:
                assert b"does not exist" in superuser.get(answer.headers["Location"]).content


def test_a_choice_that_no_row_has_changes_nothing(superuser: Client) -> None:
    Group.objects.create(name="Night")
    for model in (Group, EmailAddress):
        for odd in ("NaN", "99999-01-01", "²", "\0", "9" * 40, ""):
            for sure in ({}, {"post": "yes"}):
                chosen = {"action": "delete_selected", "_selected_action": odd} | sure
                assert superuser.post(LISTS[model], chosen).status_code < 400, odd
    assert Group.objects.count() == 1


def test_a_row_with_an_impossible_name_is_not_there(superuser: Client) -> None:
    for address in LISTS.values():
        for page in ("change", "delete", "history"):
            assert superuser.get(f"{address}a%00b/{page}/").status_code == 404
