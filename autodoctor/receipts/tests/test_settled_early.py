"""Money that came to rest at Stripe before the charge was decided: by its bank, or by hand."""

import pytest

from autodoctor.job_registry import HANDLERS
from autodoctor.payments.models import Payment
from autodoctor.receipts.models import Document
from autodoctor.receipts.tests.cashier import Cashier
from autodoctor.scheduler.models import Job
from autodoctor.sessions.lifecycle import endings
from autodoctor.sessions.rules import settlement

pytestmark = pytest.mark.django_db
LOST = "Your bank released a hold before we charged it. That hold is not charged."
OTHERWISE = "The amount charged is another one. Our support team looks into it."


def comes_to_rest(cashier: Cashier, state: Payment.State, cents: int = 0, purpose: str = "booking") -> None:
    """The hold is gone at Stripe, or charged by hand; the news is here."""
    payment = Payment.objects.get(owner_id=cashier.id, purpose=purpose)
    payment.state, payment.captured_cents, payment.closed_at = state, cents, cashier.now
    payment.save()
    cashier.hears_of(payment)


def hears_the_rest(cashier: Cashier) -> None:
    """Run what the end has scheduled for the receipt."""
    for job in Job.objects.filter(kind="payment.settled"):
        HANDLERS[job.kind].run(job, cashier.now)


def test_a_hold_that_was_lost_in_a_session_is_not_said_to_be_charged(cashier: Cashier) -> None:
    cashier.live().wait(minutes=5)
    comes_to_rest(cashier, Payment.State.RELEASED)
    cashier.wait(minutes=26)
    hears_the_rest(cashier)
    issued = cashier.issued
    assert (issued.amount_cents, issued.content["heading"]) == (0, "$0.00 paid")
    assert LOST in issued.content["why"]
    assert "Nothing is charged" in str(cashier.letters()[-1].body)


def test_a_hold_that_was_lost_takes_nothing_of_the_extension(cashier: Cashier) -> None:
    cashier.live().wait(minutes=5).adds()  # type: ignore[attr-defined]
    comes_to_rest(cashier, Payment.State.RELEASED)
    cashier.wait(minutes=41)
    cashier.bank_acts()
    assert (cashier.issued.amount_cents, LOST in cashier.issued.content["why"]) == (1499, True)


@pytest.mark.parametrize("solved", [True, False])
def test_the_receipt_waits_for_the_answer_when_the_hold_was_lost_meanwhile(cashier: Cashier, *, solved: bool) -> None:
    cashier.live().wait(minutes=12).end(cashier.mechanic)
    comes_to_rest(cashier, Payment.State.RELEASED)
    assert not Document.objects.exists()
    payments = list(Payment.objects.filter(owner_id=cashier.id))
    assert settlement.amounts_due_if(cashier.session, payments, solved=solved) == 0
    endings.answer_solved(session_id=cashier.id, by=cashier.customer, solved=solved, shown_cents=0, now=cashier.now)
    hears_the_rest(cashier)
    assert (cashier.issued.amount_cents, LOST in cashier.issued.content["why"]) == (0, True)


def test_a_charge_made_by_hand_before_the_end_has_its_receipt_and_is_explained(cashier: Cashier) -> None:
    cashier.live().wait(minutes=5)
    comes_to_rest(cashier, Payment.State.CAPTURED, 999)
    cashier.leave(cashier.mechanic).wait(minutes=6)
    assert cashier.session.end_reason == "mechanic_lost"
    hears_the_rest(cashier)
    assert (cashier.issued.amount_cents, OTHERWISE in cashier.issued.content["why"]) == (999, True)


def test_a_charge_made_by_hand_of_what_was_due_needs_no_explanation(cashier: Cashier) -> None:
    cashier.live().wait(minutes=5)
    comes_to_rest(cashier, Payment.State.CAPTURED, 999)
    cashier.wait(minutes=26)
    hears_the_rest(cashier)
    assert (cashier.issued.amount_cents, OTHERWISE in cashier.issued.content["why"]) == (999, False)
