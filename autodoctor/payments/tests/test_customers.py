"""Stripe's customer has the person's present name and address."""

import pytest
from django.utils import timezone

from autodoctor.accounts.actions import save_account
from autodoctor.accounts.models import User
from autodoctor.payments.models import StripeCustomer
from autodoctor.payments.stripe.client import client
from autodoctor.payments.tests.stand import scheduled
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox


def at_stripe(kept: StripeCustomer) -> tuple[str | None, str | None]:
    run_due(timezone.now())
    seen = client().v1.customers.retrieve(kept.stripe_id)
    return seen.email, seen.name


def test_a_changed_name_or_address_reaches_stripe(customer: User, kept: StripeCustomer) -> None:
    save_account(user=customer, name="Ann Other", time_zone="")
    assert at_stripe(kept) == (customer.email, "Ann Other")
    for email in ("new@example.com", customer.email, "new@example.com"):
        customer.email = email
        customer.save()
        assert at_stripe(kept) == (email, "Ann Other"), "also back and forth within a day"


def test_stripe_customer_is_updated_for_name_and_address_only(customer: User, mechanic: User) -> None:
    customer.save(update_fields=["last_login"])
    save_account(user=mechanic, name="No Customer", time_zone="")
    assert "customer.update" not in scheduled()


def test_customer_update_fails_for_a_refused_address_and_ends_for_a_deleted_customer(
    customer: User, kept: StripeCustomer, stripe_sandbox: RunningSandbox
) -> None:
    customer.email = "ann@@example.com"
    customer.save(update_fields=["email"])
    run_due(timezone.now())
    assert Job.objects.get(kind="customer.update").last_error.endswith("email_invalid")
    client().v1.customers.delete(kept.stripe_id)
    customer.email = "ann@example.com"
    customer.save(update_fields=["email"])
    run_due(timezone.now())
    assert "customer.update" not in scheduled()


pytestmark = pytest.mark.django_db
