"""Stripe's news is stored in the right row, with the right details."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.payments import ledger
from autodoctor.payments.models import Earning, Payment, Refund, StripeCustomer
from autodoctor.payments.payment_sync import abandon, decline, sync_payment, sync_refund, wait_for
from autodoctor.payments.stripe import PaymentSnapshot, RefundSnapshot
from autodoctor.payments.tests.stand import PRICE_CENTS, Book, as_stripe_has_it, open_extension
from autodoctor.scheduler.models import Job

State = Payment.State


def facts(row: Payment | Refund) -> dict[str, Any]:
    return dict(type(row)._default_manager.filter(id=row.id).values().get())


def told(key: UUID) -> list[tuple[str, datetime]]:
    return list(Job.objects.filter(key=str(key)).order_by("kind").values_list("kind", "due_at"))


def set_to(payment: Payment, **changes: Any) -> Payment:
    Payment.objects.filter(id=payment.id).update(**changes)
    return Payment.objects.get(id=payment.id)


def apply(payment: Payment, status: str, now: datetime, **changes: Any) -> Payment:
    return sync_payment(payment_id=payment.id, snapshot=as_stripe_has_it(payment, status, **changes), now=now)


@pytest.fixture
def beside(book: Book, stranger: User, customer: User) -> Payment:
    """Return another person's payment; both people have a customer at Stripe."""
    StripeCustomer.objects.create(user=stranger, stripe_id="cus_stranger")
    StripeCustomer.objects.create(user=customer, stripe_id="cus_customer")
    return book(payer=stranger)


@pytest.mark.parametrize("status", ["requires_capture", "succeeded"])
def test_a_hold_is_of_one_payment_and_is_written_down(
    payment: Payment, beside: Payment, now: datetime, status: str
) -> None:
    before = facts(beside)
    set_to(payment, decline_code="generic_decline", waits_for="pay")
    apply(payment, status, now, customer_id="cus_customer", card_brand="b" * 30, card_last4="42424")
    found = facts(payment)
    kept = {name: found[name] for name in ("intent_id", "charge_id", "card_brand", "card_last4", "authorized_at")}
    assert kept == {
        "intent_id": "pi_1", "charge_id": "ch_1", "card_brand": "b" * 20, "card_last4": "4242", "authorized_at": now,
    }  # fmt: skip
    assert (found["decline_code"], found["waits_for"]) == ("", "")
    assert found["closed_at"] == (now if status == "succeeded" else None)
    assert (facts(beside), told(beside.id)) == (before, [])


def test_a_release_is_recorded_for_its_payment_only(payment: Payment, beside: Payment, now: datetime) -> None:
    for each in (payment, beside):
        apply(each, "requires_capture", now, intent_id=f"pi_{each.id}")
        set_to(each, due_cents=0)
    Job.objects.all().delete()
    before = facts(beside)
    later = now + timedelta(minutes=1)
    apply(payment, "canceled", later, intent_id=f"pi_{payment.id}")
    assert (facts(payment)["state"], facts(payment)["closed_at"]) == (State.RELEASED, later)
    assert told(payment.id) == [("payment.released", later)]
    assert (facts(beside), told(beside.id)) == (before, [])


@pytest.mark.parametrize("state", [State.CREATED, State.FAILED])
def test_a_hold_that_came_and_went_unseen_is_released(payment: Payment, now: datetime, state: State) -> None:
    set_to(payment, state=state)
    apply(payment, "canceled", now, was_held=True)
    assert (facts(payment)["state"], facts(payment)["intent_id"]) == (State.RELEASED, "pi_1")


@pytest.mark.parametrize("state", [State.CREATED, State.FAILED])
def test_a_payment_without_a_hold_is_not_released(payment: Payment, now: datetime, state: State) -> None:
    set_to(payment, state=state)
    apply(payment, "canceled", now, was_held=False)
    assert facts(payment)["state"] == state
    assert told(payment.id) == []


def test_a_charge_that_was_decided_is_earned_at_once(payment: Payment, now: datetime) -> None:
    set_to(payment, due_cents=PRICE_CENTS)
    apply(payment, "succeeded", now)
    assert [kind for kind, _at in told(payment.id)] == ["payment.authorised", "payment.captured", "payment.earned"]


def test_a_charge_made_by_someone_else_is_earned_when_the_session_is_over(payment: Payment, now: datetime) -> None:
    assert apply(payment, "succeeded", now).mismatch == "captured"
    assert [kind for kind, _at in told(payment.id)] == ["payment.authorised", "payment.captured", "payment.mismatch"]


def test_no_more_is_written_down_as_charged_than_the_payment(payment: Payment, now: datetime) -> None:
    set_to(payment, due_cents=PRICE_CENTS)
    settled = apply(payment, "succeeded", now, received_cents=PRICE_CENTS + 1)
    assert (settled.captured_cents, settled.mismatch) == (PRICE_CENTS, "captured")


def test_hold_placed_after_the_payment_failed_is_released_once(payment: Payment, now: datetime) -> None:
    set_to(payment, due_cents=0)
    abandon(payment_id=payment.id, now=now)
    assert (facts(payment)["state"], facts(payment)["closed_at"]) == (State.FAILED, now)
    later = now + timedelta(minutes=1)
    apply(payment, "requires_capture", later)
    assert (facts(payment)["state"], facts(payment)["closed_at"]) == (State.AUTHORIZED, None)
    assert told(payment.id) == [("payment.failed", now), ("payment.release", later)]
    Job.objects.all().delete()
    apply(payment, "requires_capture", later)
    assert told(payment.id) == []


@pytest.mark.parametrize("changes", [{}, {"due_cents": 1}, {"state": State.AUTHORIZED, "due_cents": 0}])
def test_only_what_is_called_off_and_not_paid_ends_as_not_paid(
    payment: Payment, now: datetime, changes: dict[str, Any]
) -> None:
    before = facts(set_to(payment, **changes))
    abandon(payment_id=payment.id, now=now)
    assert (facts(payment), told(payment.id)) == (before, [])


def test_only_the_abandoned_payment_ends_as_not_paid(payment: Payment, beside: Payment, now: datetime) -> None:
    before = facts(set_to(beside, due_cents=0))
    set_to(payment, due_cents=0)
    abandon(payment_id=payment.id, now=now)
    assert facts(payment)["state"] == State.FAILED
    assert (facts(beside), told(beside.id)) == (before, [])


def test_a_mismatch_is_of_one_payment(payment: Payment, beside: Payment, now: datetime) -> None:
    apply(payment, "requires_capture", now, currency="eur")
    assert (facts(payment)["mismatch"], facts(beside)["mismatch"]) == ("currency", "")


def test_another_persons_customer_is_a_mismatch(payment: Payment, beside: Payment, now: datetime) -> None:
    assert apply(payment, "requires_capture", now, customer_id="cus_stranger").mismatch == "customer"
    assert apply(beside, "requires_capture", now, customer_id="cus_stranger").mismatch == ""


def test_the_card_that_is_kept_is_the_payers(book: Book, customer: User, beside: Payment, now: datetime) -> None:
    payment = book(keep_card=True)
    apply(payment, "requires_capture", now, customer_id="cus_customer", card_brand="b" * 30, card_last4="42424")
    kept = StripeCustomer.objects.get(user=customer)
    assert (kept.payment_method_id, kept.card_brand, kept.card_last4, kept.card_kept_at) == (
        *("pm_1", "b" * 20, "4242", now),
    )
    assert StripeCustomer.objects.get(stripe_id="cus_stranger").payment_method_id == ""


@pytest.mark.parametrize("lacks", ["customer_id", "payment_method_id"])
def test_a_card_that_stripe_does_not_name_replaces_none(
    book: Book, customer: User, beside: Payment, now: datetime, lacks: str
) -> None:
    StripeCustomer.objects.filter(user=customer).update(payment_method_id="pm_kept")
    apply(book(keep_card=True), "requires_capture", now, **{"customer_id": "cus_customer", lacks: ""})
    assert StripeCustomer.objects.get(user=customer).payment_method_id == "pm_kept"


# Payments that wait for the card's holder


def test_waiting_is_told_once_and_of_one_payment(extension: Payment, stranger: User, now: datetime) -> None:
    other = open_extension(stranger, now)
    Job.objects.all().delete()
    wait_for(Payment.WaitsFor.PAY, extension, now)
    assert told(extension.id) == [("payment.waiting", now)]
    Job.objects.all().delete()
    wait_for(Payment.WaitsFor.PAY, extension, now)
    assert told(extension.id) == []
    assert (facts(extension)["waits_for"], facts(other)["waits_for"]) == ("pay", "")


def test_the_page_of_the_bank_is_kept_for_its_own_attempt_only(extension: Payment, now: datetime) -> None:
    url = "https://bank.example/" + "x" * 3000
    apply(extension, "requires_action", now, confirm_url=url)
    assert facts(extension)["waits_for"] == ""
    set_to(extension, attempt_id="pi_1")
    apply(extension, "requires_action", now, confirm_url=url)
    assert (facts(extension)["waits_for"], facts(extension)["confirm_url"]) == ("confirm", url[:2000])


def test_an_attempt_that_asks_nothing_waits_for_nobody(extension: Payment, now: datetime) -> None:
    set_to(extension, attempt_id="pi_1")
    apply(extension, "processing", now)
    assert facts(extension)["waits_for"] == ""


def test_a_decline_is_told_once_and_another_way_opens_in_three_seconds(
    extension: Payment, stranger: User, now: datetime
) -> None:
    other = set_to(open_extension(stranger, now), waits_for="confirm")
    set_to(extension, waits_for="confirm")
    Job.objects.all().delete()
    code = "d" * 100
    decline(extension, code, now)
    assert extension.decline_code == code[:80]
    assert (facts(extension)["decline_code"], facts(extension)["waits_for"]) == (code[:80], "")
    soon = now + timedelta(seconds=3)
    assert told(extension.id) == [("payment.collect", soon), ("payment.declined", now)]
    assert (facts(other)["decline_code"], facts(other)["waits_for"], told(other.id)) == ("", "confirm", [])
    Job.objects.all().delete()
    decline(extension, code, now)
    assert told(extension.id) == []


def test_a_decline_on_a_page_leaves_that_page_open(extension: Payment, now: datetime) -> None:
    extension = set_to(extension, checkout_number=1, waits_for="pay")
    Job.objects.all().delete()
    decline(extension, "generic_decline", now)
    assert facts(extension)["waits_for"] == "pay"
    assert told(extension.id) == [("payment.declined", now)]


@pytest.mark.parametrize("changes", [{"state": State.AUTHORIZED}, {"due_cents": 0}])
def test_a_paid_or_canceled_payment_is_neither_declined_nor_pending(
    extension: Payment, now: datetime, changes: dict[str, Any]
) -> None:
    before = facts(set_to(extension, **changes))
    Job.objects.all().delete()
    decline(extension, "generic_decline", now)
    wait_for(Payment.WaitsFor.PAY, extension, now)
    assert (facts(extension), told(extension.id)) == (before, [])


# Refunds


@pytest.fixture
def charged(payment: Payment, mechanic: User, now: datetime) -> Payment:
    Earning.objects.create(
        payment=payment, mechanic=mechanic, share_percent=70, gross_cents=PRICE_CENTS, completed_at=now, payable_at=now,
        awaits_summary=False, created_at=now,
    )  # fmt: skip
    return set_to(payment, state=State.CAPTURED, captured_cents=PRICE_CENTS, due_cents=PRICE_CENTS, intent_id="pi_1")


def refund(payment: Payment, now: datetime) -> Refund:
    given = ledger.refund(payment_id=payment.id, amount_cents=100, reason="-", now=now)
    Job.objects.all().delete()
    return given


def seen(given: Refund | None, status: str = "succeeded", stripe_id: str = "re_1") -> RefundSnapshot:
    return RefundSnapshot(stripe_id, 100, status, refund_id=str(given.id) if given else "", moved_money=True)


def with_refunds(payment: Payment, *refunds: RefundSnapshot) -> PaymentSnapshot:
    return replace(as_stripe_has_it(payment, "succeeded"), refunds=refunds)


def test_only_the_reported_refund_is_issued(charged: Payment, now: datetime) -> None:
    first, second = refund(charged, now), refund(charged, now)
    before = facts(first)
    sync_refund(refund_id=second.id, snapshot=seen(second), now=now)
    assert (facts(second)["state"], facts(second)["stripe_id"]) == (Refund.State.ISSUED, "re_1")
    assert (facts(first), told(first.id)) == (before, [])
    assert told(second.id) == [("payment.refunded", now)]
    assert Job.objects.get(key=str(second.id)).payload == {
        "owner_id": str(charged.owner_id),
        "purpose": "booking",
        "payment_id": str(charged.id),
        "refund_id": str(second.id),
    }
    assert told(charged.id) == [("earning.advance", now)]


@pytest.mark.parametrize("status", ["failed", "canceled", None])
def test_only_the_reported_refund_fails_and_once(charged: Payment, now: datetime, status: str | None) -> None:
    first, second = refund(charged, now), refund(charged, now)
    before = facts(first)
    sync_refund(refund_id=second.id, snapshot=seen(second, status) if status else None, now=now)
    assert facts(second)["state"] == Refund.State.FAILED
    assert (told(second.id), told(charged.id)) == ([("payment.refund_failed", now)], [("earning.advance", now)])
    assert (facts(first), told(first.id)) == (before, [])
    Job.objects.all().delete()
    sync_refund(refund_id=second.id, snapshot=None, now=now)
    assert told(second.id) == []


def test_older_news_does_not_issue_a_refund_that_failed(charged: Payment, now: datetime) -> None:
    given = refund(charged, now)
    sync_refund(refund_id=given.id, snapshot=seen(given, "failed"), now=now)
    sync_refund(refund_id=given.id, snapshot=seen(given), now=now)
    assert facts(given)["state"] == Refund.State.FAILED


def test_a_refund_made_at_stripe_is_written_down_beside_ours(charged: Payment, book: Book, now: datetime) -> None:
    other = set_to(book(), state=State.CAPTURED, captured_cents=PRICE_CENTS)
    untouched = [facts(refund(one, now)) for one in (charged, other)]
    sync_payment(payment_id=charged.id, snapshot=with_refunds(charged, seen(None, stripe_id="re_theirs")), now=now)
    theirs = Refund.objects.get(stripe_id="re_theirs")
    assert (theirs.payment_id, theirs.amount_cents, theirs.reason, theirs.created_at, theirs.state) == (
        *(charged.id, 100, "made at Stripe", now, Refund.State.ISSUED),
    )
    assert [Refund.objects.filter(id=row["id"]).values().get() for row in untouched] == untouched


def test_a_reference_to_no_row_of_ours_is_one_made_at_stripe(charged: Payment, now: datetime) -> None:
    unknown = replace(seen(None), refund_id=str(uuid4()))
    sync_payment(payment_id=charged.id, snapshot=with_refunds(charged, unknown), now=now)
    assert Refund.objects.get().reason == "made at Stripe"


def test_a_dispute_has_the_earning_looked_at(charged: Payment, now: datetime) -> None:
    apply(charged, "succeeded", now, disputed=True)
    assert ("earning.advance", now) in told(charged.id)
