"""The admin shows the ledger and the inbox, read-only."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.urls import reverse

from autodoctor.accounts.models import User
from autodoctor.payments.models import Earning, Payment, PayoutAccount, Refund, StripeCustomer, StripeEvent

ClientOf = Callable[[User], Client]


@pytest.fixture
def staff(support: User) -> User:
    """Support without any permission of the admin's own."""
    support.is_superuser = False
    support.save()
    return support


def test_staff_reads_everything(payment: Payment, staff: User, client_of: ClientOf, now: datetime) -> None:
    Refund.objects.create(payment=payment, amount_cents=100, reason="not helpful", created_at=now)
    StripeCustomer.objects.create(user=payment.payer, stripe_id="cus_1")
    StripeEvent.objects.create(id="evt_1", type="charge.refunded", object_id="ch_1", received_at=now)
    PayoutAccount.objects.create(user=staff, stripe_id="acct_1", created_at=now, checked_at=now)
    Earning.objects.create(
        payment=payment,
        mechanic=staff,
        share_percent=70,
        gross_cents=100,
        completed_at=now,
        payable_at=now,
        awaits_summary=True,
        created_at=now,
    )
    client = client_of(staff)
    for model in (Payment, Refund, StripeCustomer, StripeEvent, Earning, PayoutAccount):
        name = model._meta.model_name
        found = model._default_manager.get()
        listed = client.get(reverse(f"admin:payments_{name}_changelist"))
        shown = client.get(reverse(f"admin:payments_{name}_change", args=[found.pk]))
        assert (listed.status_code, shown.status_code) == (200, 200)
        assert b'name="_save"' not in shown.content
        assert str(found.pk) in listed.content.decode()


@pytest.mark.parametrize("action", ["add", "change", "delete"])
def test_admin_of_payments_refuses_changes_by_support(
    payment: Payment, support: User, client_of: ClientOf, action: str
) -> None:
    address = reverse(f"admin:payments_payment_{action}", args=[] if action == "add" else [payment.pk])
    assert client_of(support).post(address, {"state": "captured", "post": "yes"}).status_code == 403
    payment.refresh_from_db()
    assert payment.state == Payment.State.CREATED


def test_admin_of_payments_is_closed_to_customers(payment: Payment, client_of: ClientOf) -> None:
    answer = client_of(payment.payer).get(reverse("admin:payments_payment_changelist"))
    assert answer.status_code in (302, 403, 404)
