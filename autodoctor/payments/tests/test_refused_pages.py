"""Stripe refuses to open a page: support hears of it, and the customer has a way on. Gone customers are made anew."""

from datetime import datetime
from typing import Any

import pytest
from pytest_django import Settings

from autodoctor.accounts.models import User
from autodoctor.payments import checkout, saved_card, stripe
from autodoctor.payments.models import Payment, PayoutAccount, StripeCustomer
from autodoctor.payments.stripe.client import client
from autodoctor.payments.tests.stand import Book, Consequences, collected, live, open_page, pay
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State


@pytest.mark.parametrize("keep_card", [True, False])
def test_without_the_address_that_stripe_refuses(
    book: Book,
    customer: User,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
    now: datetime,
    keep_card: bool,
) -> None:
    customer.email = "ann@@example.com"
    customer.save()
    payment = book(keep_card=keep_card)
    assert pay(payment, stripe_sandbox, now).state == State.AUTHORIZED
    assert consequences.kinds() == ["authorised", "refused"]
    payment.refresh_from_db()
    assert payment.refused_code == "email_invalid"


def test_nothing_helps_but_support_knows(
    payment: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    stripe_sandbox.control("switches", cards_enabled=False)
    for _press in range(2):
        with pytest.raises(checkout.Refused) as refused:
            open_page(payment, now)
        assert "Support knows" in str(refused.value.sentence)
    assert consequences.kinds() == ["refused"], "once per cause"
    stripe_sandbox.control("switches", cards_enabled=True)
    assert open_page(payment, now).checkout_url, "another try asks anew"


def test_a_customer_deleted_at_stripe_is_made_anew(
    book: Book, kept: StripeCustomer, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    client().v1.customers.delete(kept.stripe_id)
    payment = book(keep_card=True)
    assert pay(payment, stripe_sandbox, now).state == State.AUTHORIZED
    anew = StripeCustomer.objects.get()
    assert anew.stripe_id != kept.stripe_id
    assert anew.payment_method_id, "the card is kept there"


def test_an_extension_of_a_gone_customer_is_paid_on_a_page(
    kept: StripeCustomer, extension: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    client().v1.customers.delete(kept.stripe_id)
    waiting = collected(extension, now)
    assert (waiting.waits_for, waiting.decline_code) == ("pay", "card_unusable")
    assert live(stripe_sandbox, extension) == ["page"]


def test_rows_of_test_keys_are_not_known_to_live_keys(
    kept: StripeCustomer, customer: User, mechanic: User, settings: Settings, now: datetime
) -> None:
    facts: dict[str, Any] = {"user": mechanic, "created_at": now, "checked_at": now}
    PayoutAccount.objects.create(stripe_id="acct_test", **facts)
    settings.STRIPE_LIVEMODE = True
    assert saved_card.of(customer) is None
    assert not PayoutAccount.objects.exists()
    StripeCustomer.objects.create(user=customer, stripe_id="cus_live")
    PayoutAccount.objects.create(stripe_id="acct_live", **facts)
    settings.STRIPE_LIVEMODE = False
    assert StripeCustomer.objects.get().stripe_id == kept.stripe_id
    assert PayoutAccount.objects.get().stripe_id == "acct_test"


def test_an_outage_is_no_refusal(payment: Payment, stripe_sandbox: RunningSandbox, now: datetime) -> None:
    stripe_sandbox.control("faults", path="checkout/sessions", status=503, times=3)
    with pytest.raises(stripe.Unavailable):
        open_page(payment, now)
    payment.refresh_from_db()
    assert payment.refused_code == ""
