"""Refunds by support: never more than the charge, and logged with person and reason."""

from typing import Any
from uuid import uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.core.errors import Refused
from autodoctor.payments.models import Payment, Refund
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle.refunds import refund_session
from autodoctor.sessions.models import Session
from autodoctor.sessions.tests.story import Story

pytestmark = pytest.mark.django_db


@pytest.fixture
def charged(story: Story) -> Story:
    story.live().end(story.customer)
    Payment.objects.filter(owner_id=story.id).update(state=Payment.State.CAPTURED, captured_cents=999)
    return story


def give(story: Story, by: User, **changes: Any) -> Refund:
    given: dict[str, Any] = {"amount_cents": 400, "reason": "The picture froze", "borne_by": "platform"}
    given |= {"payment_id": story.payment.id} | changes
    return refund_session(session_id=story.id, by=by, now=story.now, **given)


def test_a_refund_stands_in_the_ledger_and_in_the_log_of_support(charged: Story, support: User) -> None:
    given = give(charged, support, borne_by="mechanic")
    assert (given.amount_cents, given.borne_by, given.requested_by, given.state) == (
        400,
        "mechanic",
        support,
        "requested",
    )
    assert Job.objects.filter(kind="payment.refund", key=str(given.id)).exists()
    (told,) = charged.events("support.refunded")
    assert (told.audience, told.actor_name, told.data["reason"]) == ("support", support.name, "The picture froze")


def test_a_charge_is_refunded_in_parts_but_never_more_than_was_charged(charged: Story, support: User) -> None:
    give(charged, support)
    give(charged, support, amount_cents=599)
    with pytest.raises(Refused, match="not_refundable"):
        give(charged, support, amount_cents=1)
    assert sum(Refund.objects.values_list("amount_cents", flat=True)) == 999
    assert len(charged.events("support.refunded")) == 2


@pytest.mark.parametrize(
    "change", [{"amount_cents": 0}, {"amount_cents": -1}, {"reason": "  "}, {"borne_by": "nobody"}], ids=str
)
def test_an_incomplete_refund_is_refused(charged: Story, support: User, change: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="invalid"):
        give(charged, support, **change)
    assert not Refund.objects.exists()


def test_only_support_gives_refunds(charged: Story, customer: User, mechanic: User, stranger: User) -> None:
    for person in (customer, mechanic):
        with pytest.raises(Refused, match="not_support"):
            give(charged, person)
    with pytest.raises(Session.DoesNotExist):
        give(charged, stranger)
    assert not Refund.objects.exists()


def test_a_refund_of_a_payment_of_another_session_is_not_found(charged: Story, support: User) -> None:
    with pytest.raises(Payment.DoesNotExist):
        give(charged, support, payment_id=uuid4())


def test_a_hold_cannot_be_refunded(story: Story, support: User) -> None:
    story.live().end(story.customer)
    with pytest.raises(Refused, match="not_refundable"):
        give(story, support)
