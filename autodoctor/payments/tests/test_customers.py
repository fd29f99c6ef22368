"""Stripe's customer has the person's present name and address."""

from datetime import datetime

import pytest
from django.utils import timezone

from autodoctor.accounts.actions import save_account
from autodoctor.accounts.models import User
from autodoctor.payments import checkout, ledger
from autodoctor.payments.models import Payment, StripeCustomer
from autodoctor.payments.stripe.client import client
from autodoctor.payments.tests.stand import PRICE_CENTS, Book, open_page, pay, scheduled
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


def test_holds_of_a_customer_made_anew_at_stripe_are_still_theirs(
    book: Book, customer: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    held = pay(book(keep_card=True), stripe_sandbox, now)
    paid = open_page(book(keep_card=True), now)
    stripe_sandbox.pay(paid.checkout_url)
    first = StripeCustomer.objects.get(user=customer)
    client().v1.customers.delete(first.stripe_id)
    pay(book(keep_card=True), stripe_sandbox, now)
    assert StripeCustomer.objects.get(user=customer).stripe_id != first.stripe_id

    heard = checkout.refresh(payment=paid, now=now)
    assert (heard.state, heard.mismatch) == (Payment.State.AUTHORIZED, ""), "paid before, heard of after"
    ledger.finish(owner_id=held.owner_id, due=lambda parts: {part.id: part.amount_cents for part in parts}, now=now)
    run_due(timezone.now())
    held.refresh_from_db()
    assert (held.state, held.captured_cents, held.mismatch) == (Payment.State.CAPTURED, PRICE_CENTS, "")


pytestmark = pytest.mark.django_db
