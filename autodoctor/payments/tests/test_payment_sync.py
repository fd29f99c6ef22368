"""Stripe's news about a payment, in any order."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autodoctor.accounts.models import User
from autodoctor.payments import disputes, ledger
from autodoctor.payments.models import Payment, Refund, StripeCustomer
from autodoctor.payments.payment_sync import sync_payment
from autodoctor.payments.stripe import PaymentSnapshot, RefundSnapshot
from autodoctor.payments.tests import facts
from autodoctor.payments.tests.stand import PRICE_CENTS, Book, Consequences, as_disputed, as_stripe_has_it, scheduled
from tests.kit.examples import examples

State = Payment.State


def apply(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> Payment:
    return sync_payment(payment_id=payment.id, snapshot=snapshot, now=now)


def test_placed_hold_is_told_with_owner_purpose_and_payment(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    settled = apply(payment, as_stripe_has_it(payment, "requires_capture"), now)

    assert (settled.state, settled.authorized_at, settled.card_last4) == (State.AUTHORIZED, now, "4242")
    told = {"owner_id": str(payment.owner_id), "purpose": "booking", "payment_id": str(payment.id)}
    assert consequences.payloads() == [told]


def test_the_same_news_twice_is_told_once(payment: Payment, consequences: Consequences, now: datetime) -> None:
    for _ in range(3):
        apply(payment, as_stripe_has_it(payment, "requires_capture"), now)
        assert consequences.kinds() == ["authorised"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount_cents": 1}, "amount"),
        ({"capturable_cents": 1}, "held"),
        ({"currency": "eur"}, "currency"),
        ({"livemode": True}, "livemode"),
        ({"payment_id": str(uuid4())}, "reference"),
        ({"owner_id": str(uuid4())}, "owner"),
        ({"customer_id": "cus_of_somebody_else"}, "customer"),
    ],
)
def test_a_mismatch_pays_for_nothing_and_alerts_once(
    payment: Payment, consequences: Consequences, now: datetime, change: dict[str, Any], reason: str
) -> None:
    wrong = replace(as_stripe_has_it(payment, "requires_capture"), **change)
    for _ in range(3):
        settled = apply(payment, wrong, now)
        assert consequences.kinds() == ["mismatch"]

    assert (settled.state, settled.mismatch) == (State.CREATED, reason)


def test_each_different_mismatch_alerts_once(payment: Payment, consequences: Consequences, now: datetime) -> None:
    for _again in range(2):
        apply(payment, as_stripe_has_it(payment, "requires_capture", amount_cents=1), now)
        apply(payment, as_stripe_has_it(payment, "requires_capture", currency="eur"), now)
        apply(payment, as_stripe_has_it(payment, "requires_capture", currency="eur", intent_id="pi_2"), now)
    assert consequences.kinds() == ["mismatch"] * 3


def test_a_second_hold_for_one_payment_alerts(payment: Payment, consequences: Consequences, now: datetime) -> None:
    apply(payment, as_stripe_has_it(payment, "requires_capture"), now)
    settled = apply(payment, as_stripe_has_it(payment, "requires_capture", intent_id="pi_2"), now)

    assert (settled.intent_id, settled.mismatch) == ("pi_1", "second_hold")
    assert consequences.kinds() == ["authorised", "mismatch"]


def test_an_earlier_attempt_that_was_cancelled_changes_nothing(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    apply(payment, as_stripe_has_it(payment, "requires_capture"), now)
    settled = apply(payment, as_stripe_has_it(payment, "canceled", intent_id="pi_2"), now)

    assert settled.state == State.AUTHORIZED
    assert consequences.kinds() == ["authorised"]


def test_a_decline_leaves_the_payment_open_and_says_why(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    declined = as_stripe_has_it(payment, "requires_payment_method", decline_code="insufficient_funds")
    settled = apply(payment, declined, now)

    assert settled.state == State.CREATED
    assert "insufficient funds" in str(settled.decline_reason)
    assert consequences.kinds() == []
    assert apply(payment, as_stripe_has_it(payment, "requires_capture"), now).decline_reason == ""


def test_paid_too_late_is_released_and_not_fulfilled(payment: Payment, now: datetime) -> None:
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: 0}, now=now)
    settled = apply(payment, as_stripe_has_it(payment, "requires_capture"), now)

    assert settled.state == State.AUTHORIZED
    assert scheduled() == {"payment.close", "payment.release"}


def test_a_charge_that_was_not_decided_here_alerts(payment: Payment, consequences: Consequences, now: datetime) -> None:
    settled = apply(payment, as_stripe_has_it(payment, "succeeded"), now)

    assert (settled.state, settled.captured_cents) == (State.CAPTURED, PRICE_CENTS)
    assert consequences.kinds() == ["authorised", "captured", "mismatch"]


def test_a_hold_that_is_gone_before_its_charge_alerts(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    apply(payment, as_stripe_has_it(payment, "requires_capture"), now)
    Payment.objects.filter(id=payment.id).update(due_cents=PRICE_CENTS)
    settled = apply(payment, as_stripe_has_it(payment, "canceled"), now)

    assert (settled.state, settled.mismatch) == (State.RELEASED, "hold_lost")
    assert consequences.kinds() == ["authorised", "mismatch", "released"]


def test_a_hold_that_is_gone_before_its_charge_is_decided_alerts(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    apply(payment, as_stripe_has_it(payment, "requires_capture"), now)
    settled = apply(payment, as_stripe_has_it(payment, "canceled"), now)

    assert (settled.state, settled.mismatch) == (State.RELEASED, "hold_lost")
    assert consequences.kinds() == ["authorised", "mismatch", "released"]


def test_the_card_is_kept_only_with_consent(book: Book, customer: User, now: datetime) -> None:
    known = StripeCustomer.objects.create(user=customer, stripe_id="cus_1")
    for keeps, expected in [(False, ""), (True, "pm_1")]:
        payment = book(keep_card=keeps)
        held = as_stripe_has_it(payment, "requires_capture", customer_id="cus_1", intent_id=f"pi_{keeps}")
        apply(payment, held, now)
        known.refresh_from_db()
        assert known.payment_method_id == expected


def test_a_refund_made_at_stripe_enters_the_ledger_once(
    payment: Payment, consequences: Consequences, now: datetime
) -> None:
    elsewhere = RefundSnapshot("re_1", 500, "succeeded", refund_id="", moved_money=True)
    rest_of_the_hold = RefundSnapshot("re_2", 999, "succeeded", refund_id="", moved_money=False)
    refunded = as_stripe_has_it(payment, "succeeded", refunds=(elsewhere, rest_of_the_hold))
    for _ in range(3):
        apply(payment, refunded, now)

    assert list(Refund.objects.values_list("stripe_id", "amount_cents", "state")) == [("re_1", 500, "issued")]
    assert ledger.refundable_cents(Payment.objects.get(id=payment.id)) == PRICE_CENTS - 500
    assert consequences.kinds().count("refunded") == 1


LIVES = {
    "charged in full": (PRICE_CENTS, ["requires_payment_method", "requires_capture", "succeeded"]),
    "charged in part": (1000, ["requires_capture", "succeeded"]),
    "released": (0, ["requires_capture", "canceled"]),
    "declined, then given up": (None, ["requires_payment_method", "canceled"]),
    "held until it lapsed": (None, ["requires_capture", "canceled"]),
    "refunded, disputed": (PRICE_CENTS, ["requires_capture", "succeeded", "refunded", "disputed"]),
    "refunded, disputed, lost": (PRICE_CENTS, ["requires_capture", "succeeded", "refunded", "disputed", "lost"]),
    "refunded, disputed, won": (PRICE_CENTS, ["requires_capture", "succeeded", "refunded", "disputed", "won"]),
}
ENDS = {
    "charged in full": (State.CAPTURED, PRICE_CENTS),
    "charged in part": (State.CAPTURED, 1000),
    "released": (State.RELEASED, 0),
    "declined, then given up": (State.CREATED, 0),
    "held until it lapsed": (State.RELEASED, 0),
    "refunded, disputed": (State.CAPTURED, PRICE_CENTS),
    "refunded, disputed, lost": (State.CAPTURED, PRICE_CENTS),
    "refunded, disputed, won": (State.CAPTURED, PRICE_CENTS),
}


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(LIVES)), data=st.data())
def test_any_order_of_news_ends_the_same(book: Book, now: datetime, name: str, data: st.DataObject) -> None:
    """Old news may come last, from a slow reader. The newest comes at least once."""
    due, life = LIVES[name]
    payment = book()
    newest = len(life) - 1
    seen = [*data.draw(st.lists(st.integers(0, newest), max_size=6)), newest]
    decided_before = data.draw(st.integers(0, len(seen)))
    facts.seen.clear()
    for position, moment in enumerate(data.draw(st.permutations(seen))):
        if position == decided_before and due is not None:
            _decide(payment, due)
        apply(payment, _moment(payment, life[: moment + 1], due), now)
    payment.refresh_from_db()

    assert (payment.state, payment.captured_cents) == ENDS[name]
    assert bool(payment.disputed_at) == ("disputed" in name)
    assert payment.refunds.count() == (1 if "refunded" in name else 0)
    assert [one.outcome for one in payment.disputes.all()] == ([outcome_in(life)] if "disputed" in life else [])
    assert disputes.holds_earning(payment) == ("disputed" in life and not outcome_in(life))
    told = Consequences().kinds()
    assert sorted(set(told)) == told, "each fact at most once"


def outcome_in(life: list[str]) -> str:
    return next((word for word in ("won", "lost") if word in life), "")


def _decide(payment: Payment, due: int) -> None:
    """Decide the amounts as the ledger does, without the calls to Stripe."""
    Payment.objects.filter(id=payment.id).update(due_cents=due)


def _moment(payment: Payment, life: list[str], due: int | None) -> PaymentSnapshot:
    intent_id = f"pi_{payment.id}"
    refund = RefundSnapshot(f"re_{payment.id}", 100, "succeeded", refund_id="", moved_money=True)
    extra: dict[str, Any] = {"intent_id": intent_id, "was_held": "requires_capture" in life}
    if "requires_payment_method" in life:
        extra["decline_code"] = "generic_decline" if life[-1] == "requires_payment_method" else ""
    if "succeeded" in life:
        opened = (as_disputed(f"du_{payment.id}", status=outcome_in(life) or "needs_response"),)
        extra |= {"received_cents": due, "disputed": "disputed" in life}
        extra |= {"disputes": opened if "disputed" in life else ()}
        extra |= {"refunds": (refund,) if "refunded" in life else ()}
        return as_stripe_has_it(payment, "succeeded", **extra)
    return as_stripe_has_it(payment, life[-1], **extra)
