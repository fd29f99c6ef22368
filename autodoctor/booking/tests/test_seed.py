"""The demo people."""

from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from autodoctor.accounts.actions import mechanics_taking_sessions
from autodoctor.accounts.models import Role, User
from autodoctor.booking.models import Vehicle
from autodoctor.payments.models import StripeCustomer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_development(settings: Settings) -> None:
    settings.DEBUG = True


def test_the_seed_creates_demo_people_who_can_start_at_once() -> None:
    call_command("seed", stdout=StringIO())
    roles = {user.email.split("@")[0]: user.role for user in User.objects.all()}
    assert roles == {
        "customer": Role.CUSTOMER,
        "customer2": Role.CUSTOMER,
        "mechanic": Role.MECHANIC,
        "mechanic2": Role.MECHANIC,
        "support": Role.SUPPORT,
    }
    assert all(user.check_password("demo") for user in User.objects.all())
    assert EmailAddress.objects.filter(verified=True, primary=True).count() == 5
    assert mechanics_taking_sessions() == 2
    assert Vehicle.objects.get().owner.email == "customer@example.com"


def test_a_second_run_of_the_seed_changes_nothing_and_takes_few_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    """`bin/dev` does it at every start."""
    call_command("seed", stdout=StringIO())
    renamed = User.objects.get(email="customer@example.com")
    renamed.name = "Renamed"
    renamed.save()
    Vehicle.objects.all().delete()
    with django_assert_max_num_queries(3):
        call_command("seed", stdout=StringIO())
    assert User.objects.count() == 5
    assert User.objects.filter(name="Renamed").exists()
    assert not Vehicle.objects.exists()


def test_a_second_run_of_the_seed_keeps_the_saved_card(client: Client) -> None:
    call_command("seed", stdout=StringIO())
    owner = User.objects.get(email="customer@example.com")
    StripeCustomer.objects.create(
        user=owner, stripe_id="cus_1", payment_method_id="pm_1", card_brand="mastercard", card_last4="4444"
    )
    before = StripeCustomer.objects.values().get()
    call_command("seed", stdout=StringIO())
    assert StripeCustomer.objects.values().get() == before
    client.force_login(owner)
    assert "Mastercard ending in 4444" in client.get("/account/card/").content.decode()


def test_the_seed_refuses_a_database_with_real_people(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="only with DEBUG"):
        call_command("seed")
    assert not User.objects.exists()
