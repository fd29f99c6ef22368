"""The money sweep: what should have moved and has not is derived again, and support is told in time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import earnings, ledger, stripe
from autodoctor.payments.models import MoneyAlarm, Movement, Payment, Refund
from autodoctor.payments.standstills import MOVED_BY, What, find, set_going, sweep
from autodoctor.payments.tests import facts
from autodoctor.payments.tests.stand import PRICE_CENTS, Consequences, pay, run_all
from autodoctor.payments.tests.test_earnings import onboard
from autodoctor.scheduler.handlers import Handler
from autodoctor.scheduler.lanes import Lane
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox

if TYPE_CHECKING:
    from autodoctor.payments.tests.stand import Book

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def look(now: datetime) -> None:
    sweep(Job(kind="money.sweep", key="recurring", due_at=now), now)


def decide(payment: Payment, cents: int, now: datetime) -> None:
    """Decide, and lose the job, as when it was dismissed."""
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: cents}, now=now)
    Job.objects.all().delete()


def names(now: datetime) -> list[str]:
    return [one.what.value for one in find(now)]


def alarms() -> list[tuple[str, str]]:
    run_due(timezone.now() + 400 * DAY, lanes=[Lane.DEADLINES])
    return [(kind, payload["what"]) for kind, payload in facts.seen if "what" in payload]


def _in_full(payment_id: UUID, _payments: list[Payment]) -> dict[UUID, int]:
    return {payment_id: PRICE_CENTS}


def test_everything_but_an_undecided_hold_has_a_job() -> None:
    assert set(What) - set(MOVED_BY) == {What.HOLD_ENDS}


@pytest.mark.parametrize(("cents", "what", "state"), [(1500, "capture", "captured"), (0, "release", "released")])
def test_a_decided_hold_whose_job_was_dismissed_is_derived_again(
    held: Payment, now: datetime, cents: int, what: str, state: str
) -> None:
    decide(held, cents, now)
    look(now + 0.9 * HOUR)
    assert (names(now + 0.9 * HOUR), Job.objects.count()) == ([], 0)
    assert names(now + HOUR) == [what]
    look(now + HOUR)
    run_due(now + HOUR)
    held.refresh_from_db()
    assert (held.state, held.captured_cents) == (state, cents)
    assert what not in names(now + DAY)


def test_a_parked_charge_is_tried_again_an_hour_later(held: Payment, now: datetime) -> None:
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: PRICE_CENTS}, now=now)
    job = Job.objects.filter(kind="payment.capture")
    job.update(parked_at=now + HOUR, attempts=30)
    look(now + 1.5 * HOUR)
    assert job.get().parked_at
    look(now + 2 * HOUR)
    assert (job.get().parked_at, job.get().attempts) == (None, 0)


def test_standstill_sweep_leaves_a_retried_job_unchanged(held: Payment, now: datetime) -> None:
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: PRICE_CENTS}, now=now)
    job = Job.objects.filter(kind="payment.capture")
    job.update(attempts=3, run_at=now + 3 * HOUR)
    look(now + 2 * HOUR)
    assert (job.get().attempts, job.get().version) == (3, 1)


def test_standstill_of_a_day_alarms_support_once(held: Payment, consequences: Consequences, now: datetime) -> None:
    decide(held, PRICE_CENTS, now)
    look(now + 23 * HOUR)
    assert not MoneyAlarm.objects.exists()
    for hours in (24, 25):
        Job.objects.filter(kind="payment.capture").delete()
        look(now + hours * HOUR)
    assert alarms() == [("stands_still", "capture")]
    Payment.objects.filter(id=held.id).update(state="captured", due_cents=None)
    look(now + 26 * HOUR)
    assert not MoneyAlarm.objects.exists()


def test_a_payment_that_was_called_off_is_closed(payment: Payment, now: datetime) -> None:
    ledger.cancel_payment(payment, now)
    Job.objects.all().delete()
    look(now + HOUR)
    run_due(now + HOUR)
    payment.refresh_from_db()
    assert payment.state == "failed"


# The end of a hold


def test_the_bank_says_how_long_a_hold_lasts(book: "Book", stripe_sandbox: RunningSandbox, now: datetime) -> None:
    stripe_sandbox.control("holds", seconds=4 * 24 * 3600)
    payment = pay(book(), stripe_sandbox, now)
    assert payment.capture_before
    assert abs(payment.capture_before - (now + 4 * DAY)) < timedelta(minutes=1)
    look(now + 1.9 * DAY)
    assert alarms() == []
    look(now + 2.1 * DAY)
    look(now + 2.2 * DAY)
    assert alarms() == [("hold_ends", "hold_ends")]


def test_a_short_hold_alarms_when_half_of_it_is_over(
    book: "Book", stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.control("holds", seconds=24 * 3600)
    pay(book(), stripe_sandbox, now)
    assert names(now + 11 * HOUR) == []
    assert names(now + 13 * HOUR) == ["hold_ends"]


def test_a_hold_that_is_released_needs_no_alarm(held: Payment, now: datetime) -> None:
    decide(held, 0, now)
    assert names(now + 6 * DAY) == ["release"]


# Refunds and earnings


@pytest.fixture
def charged(held: Payment, consequences: Consequences, now: datetime) -> Payment:
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: held.amount_cents}, now=now)
    run_due(timezone.now())
    held.refresh_from_db()
    return held


def test_a_lost_refund_is_issued(charged: Payment, now: datetime) -> None:
    ledger.refund(payment_id=charged.id, amount_cents=100, reason="late", now=now)
    Job.objects.all().delete()
    assert "refund" in names(now + HOUR)
    look(now + HOUR)
    run_due(now + HOUR)
    assert Refund.objects.get().state == "issued"


def test_a_charge_without_an_earning_is_told_again(
    charged: Payment, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setitem(
        facts.HANDLERS, "payment.earned", Handler(lambda job, _: told.append(job.payload["payment_id"]))
    )
    assert names(timezone.now() + HOUR) == ["earning"]
    look(timezone.now() + HOUR)
    run_due(timezone.now() + HOUR)
    assert told == [str(charged.id)]


@pytest.fixture
def earned(charged: Payment, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime) -> Callable[[], Any]:
    onboard(mechanic, stripe_sandbox, now)

    def tell() -> None:
        earnings.learn(
            owner_id=charged.owner_id, earners=[earnings.Earner(mechanic, False)], completed_at=now - 3 * DAY, now=now
        )

    return tell


def test_a_decided_transfer_that_got_lost_is_sent(
    earned: Callable[[], Any], stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    earned()
    Job.objects.all().delete()
    assert names(now + 23 * HOUR) == []
    assert names(now + DAY) == ["movement"]
    look(now + DAY)
    run_due(now + DAY)
    assert Movement.objects.get().state == "done"
    assert len(stripe_sandbox.app.store.find("transfer")) == 1


def test_an_earning_that_waits_for_nothing_is_sent(
    earned: Callable[[], Any], charged: Payment, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    from autodoctor.payments.models import PayoutAccount

    PayoutAccount.objects.update(transfers_enabled=False)
    earned()
    PayoutAccount.objects.update(transfers_enabled=True)
    Job.objects.all().delete()
    assert names(now + DAY) == ["payout"]
    look(now + DAY)
    run_due(now + DAY)
    run_all()
    assert names(now + 3 * DAY) == []
    assert len(stripe_sandbox.app.store.find("transfer")) == 1


# Support


def test_bulk_retry_derives_lost_and_parked_jobs_and_skips_leased_ones(
    book: "Book", stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    first, second, third = (pay(book(), stripe_sandbox, now) for _ in range(3))
    for payment in (first, second, third):
        ledger.finish(owner_id=payment.owner_id, due=partial(_in_full, payment.id), now=now)
    Job.objects.filter(key=str(first.id)).update(parked_at=now, attempts=30)
    Job.objects.filter(key=str(second.id)).delete()
    Job.objects.filter(key=str(third.id)).update(leased_until=now + 3 * HOUR, lease_owner="x")
    assert len(set_going(find(now + 2 * HOUR), now + 2 * HOUR)) == 2
    run_due(now + 2 * HOUR)
    states = {str(each.id): each.state for each in Payment.objects.all()}
    assert [states[str(each.id)] for each in (first, second, third)] == ["captured", "captured", "authorised"]


def test_a_charge_at_stripe_that_we_missed_ends_the_standstill(held: Payment, now: datetime) -> None:
    decide(held, PRICE_CENTS, now)
    stripe.capture(held.intent_id, amount_cents=PRICE_CENTS, key="elsewhere")
    look(now + HOUR)
    run_due(now + HOUR)
    held.refresh_from_db()
    assert (held.state, held.mismatch) == ("captured", "")
