"""Decisions about money, and refunds."""

from datetime import datetime
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodoctor.accounts.models import User
from autodoctor.payments import ledger, stripe
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.ledger import NotRefundable
from autodoctor.payments.models import Payment, Refund
from autodoctor.payments.tests.stand import PRICE_CENTS, Book, Consequences, Crashes, run_all, scheduled
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from tests.kit.examples import examples
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State


@pytest.fixture
def charged(payment: Payment) -> Payment:
    """Mark the payment as charged, in the ledger only."""
    payment.state, payment.captured_cents, payment.intent_id = State.CAPTURED, PRICE_CENTS, "pi_1"
    payment.save()
    return payment


@pytest.fixture
def captured(held: Payment, now: datetime) -> Payment:
    """Capture the payment at Stripe, too."""
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: PRICE_CENTS}, now=now)
    run_all()
    held.refresh_from_db()
    return held


def refund(payment: Payment, cents: int, now: datetime) -> Refund:
    return ledger.refund(payment_id=payment.id, amount_cents=cents, reason="not helpful", now=now)


def test_second_booking_payment_of_an_owner_is_refused(payment: Payment, book: Book) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        book(owner_id=payment.owner_id)


def test_a_payment_of_another_owner_is_not_decided(payment: Payment, now: datetime) -> None:
    with pytest.raises(Payment.DoesNotExist):
        ledger.finish(owner_id=uuid4(), due=lambda _: {payment.id: 0}, now=now)
    assert scheduled() == set()


@pytest.mark.parametrize("cents", [-1, PRICE_CENTS + 1])
def test_no_more_than_is_held_can_be_due(payment: Payment, now: datetime, cents: int) -> None:
    with pytest.raises(ValueError, match="cannot be due"):
        ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: cents}, now=now)


def test_rolled_back_decision_leaves_no_amount_and_no_job(payment: Payment, now: datetime) -> None:
    with transaction.atomic():
        ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)
        transaction.set_rollback(True)

    payment.refresh_from_db()
    assert payment.due_cents is None
    assert scheduled() == set()


@pytest.mark.parametrize(
    ("state", "due", "captured", "expected"),
    [
        (State.CREATED, None, 0, 0),
        (State.AUTHORIZED, None, 0, 0),
        (State.AUTHORIZED, 1000, 0, 1000),
        (State.AUTHORIZED, 49, 0, 0),  # less than Stripe charges: the hold is released
        (State.CAPTURED, 1000, 1000, 1000),
        (State.RELEASED, 49, 0, 0),
        (State.FAILED, 1000, 0, 0),
    ],
)
def test_the_amount_on_the_page_is_charged(state: Payment.State, due: int | None, captured: int, expected: int) -> None:
    payment = Payment(state=state, amount_cents=PRICE_CENTS, due_cents=due, captured_cents=captured)
    assert payment.charged_cents == expected


def test_a_refund_is_a_row_first_and_then_money(
    captured: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    given = refund(captured, 1000, now)
    assert given.state == Refund.State.REQUESTED

    assert consequences.kinds() == ["authorised", "captured", "refunded"]
    given.refresh_from_db()
    assert given.state == Refund.State.ISSUED
    assert stripe.payment(captured.intent_id).refunded_cents == 1000
    assert consequences.payloads()[-1]["refund_id"] == str(given.id)


@pytest.mark.parametrize("call", ["payment", "refund"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_the_call_refunds_once(
    captured: Payment, stripe_sandbox: RunningSandbox, crashes: Crashes, now: datetime, call: str, moment: str
) -> None:
    refund(captured, 1000, now)
    crashes.once(call, moment)
    run_all()

    assert len(set(crashes.keys)) <= 1
    assert [made["amount"] for made in stripe_sandbox.app.store.find("refund")] == [1000]
    assert Refund.objects.get().state == Refund.State.ISSUED


def test_a_refund_that_is_asked_for_anew_is_not_given_twice(
    captured: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    """Days later the key is forgotten at Stripe: then the reference on the refund tells."""
    given = refund(captured, 1000, now)
    run_all()
    stripe_sandbox.app.store.execute("DELETE FROM answer")
    Refund.objects.filter(id=given.id).update(state=Refund.State.REQUESTED)
    schedule(PaymentJob.REFUND, str(given.id), now)
    run_all()

    assert len(stripe_sandbox.app.store.find("refund")) == 1
    assert Refund.objects.get().state == Refund.State.ISSUED


def test_a_refund_that_stripe_refuses_frees_its_amount(
    captured: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    charge = stripe.payment(captured.intent_id).charge_id
    stripe_sandbox.control("disputes", charge=charge)
    given = refund(captured, 1000, now)

    told = consequences.kinds()
    assert "refund_failed" in told
    assert "refunded" not in told
    given.refresh_from_db()
    assert given.state == Refund.State.FAILED
    assert ledger.refundable_cents(captured) == PRICE_CENTS


def test_refund_row_has_amount_reason_bearer_and_person(
    charged: Payment, book: Book, support: User, now: datetime
) -> None:
    book()  # of another session
    refund_id = uuid4()
    ledger.refund(
        payment_id=charged.id,
        amount_cents=PRICE_CENTS,
        reason="not helpful",
        now=now,
        borne_by=Refund.Bearer.MECHANIC,
        by=support,
        refund_id=refund_id,
    )
    given = Refund.objects.get(id=refund_id)
    assert (given.payment, given.amount_cents, given.reason) == (charged, PRICE_CENTS, "not helpful")
    assert (given.borne_by, given.requested_by, given.created_at) == ("mechanic", support, now)
    assert Job.objects.get(kind="payment.refund", key=str(refund_id)).due_at == now


@pytest.mark.parametrize("cents", [0, -1])
def test_nothing_cannot_be_refunded(charged: Payment, now: datetime, cents: int) -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        refund(charged, cents, now)


def test_an_uncharged_payment_cannot_be_refunded(payment: Payment, now: datetime) -> None:
    with pytest.raises(NotRefundable):
        refund(payment, 1, now)


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.integers(1, PRICE_CENTS), max_size=8), fails=st.sets(st.integers(0, 7)))
def test_refunds_never_exceed_the_charge(book: Book, now: datetime, amounts: list[int], fails: set[int]) -> None:
    payment = book()
    Payment.objects.filter(id=payment.id).update(state=State.CAPTURED, captured_cents=PRICE_CENTS)
    left = PRICE_CENTS
    for number, cents in enumerate(amounts):
        if cents > left:
            with pytest.raises(NotRefundable):
                refund(payment, cents, now)
            continue
        given_back = refund(payment, cents, now)
        if number in fails:
            Refund.objects.filter(id=given_back.id).update(state=Refund.State.FAILED)
        else:
            left -= cents
        payment.refresh_from_db()
        assert ledger.refundable_cents(payment) == left >= 0


@pytest.mark.django_db(transaction=True)
def test_parallel_refunds_never_exceed_the_charge(charged: Payment, now: datetime) -> None:
    start, outcomes = Barrier(8), []

    def give_back() -> None:
        start.wait()
        try:
            outcomes.append(refund(charged, 1000, now).amount_cents)
        except NotRefundable:
            outcomes.append(0)
        finally:
            connection.close()

    threads = [Thread(target=give_back) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [0] * 6 + [1000] * 2
    assert ledger.refundable_cents(charged) == PRICE_CENTS - 2000
