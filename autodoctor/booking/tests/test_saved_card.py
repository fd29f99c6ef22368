"""The page of the card that a customer has let us keep."""

import pytest
from django.test import Client

from autodoctor.accounts.models import User
from autodoctor.payments import saved_card
from autodoctor.payments.models import StripeCustomer
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(customer: User) -> Client:
    client = Client()
    client.force_login(customer)
    return client


@pytest.fixture
def kept(customer: User) -> StripeCustomer:
    return StripeCustomer.objects.create(
        user=customer, stripe_id="cus_1", payment_method_id="pm_1", card_brand="visa", card_last4="4242"
    )


def test_the_card_is_shown_by_its_last_digits_and_removed(desk: Client, kept: StripeCustomer, customer: User) -> None:
    assert "Visa ending in 4242" in desk.get("/account/card/").content.decode()
    answer = desk.post("/account/card/", follow=True).content.decode()
    assert "We removed your card." in answer
    assert "You have no saved card." in answer
    assert saved_card.of(customer) is None
    assert [job.key for job in Job.objects.filter(kind="card.forget")] == ["pm_1"]


def test_a_saved_card_removed_twice_schedules_one_job(desk: Client, kept: StripeCustomer) -> None:
    for _ in range(2):
        assert desk.post("/account/card/").status_code == 302
    assert Job.objects.filter(kind="card.forget").count() == 1


def test_a_stranger_neither_sees_nor_removes_a_saved_card(kept: StripeCustomer, stranger: User) -> None:
    client = Client()
    client.force_login(stranger)
    assert "4242" not in client.get("/account/card/").content.decode()
    client.post("/account/card/")
    assert StripeCustomer.objects.get().payment_method_id == "pm_1"


def test_the_account_page_links_to_the_saved_card(desk: Client) -> None:
    assert 'href="/account/card/"' in desk.get("/account/").content.decode()
