"""The end of a hold: charged in full or in part, or released; once, also after a crash."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from autodoctor.payments import ledger, stripe
from autodoctor.payments.currencies import smallest_charge_cents
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.jobs import ATTEMPTS
from autodoctor.payments.models import Payment
from autodoctor.payments.tests.stand import LATER, PRICE_CENTS, Consequences, Crashes, run_all, scheduled
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from autodoctor.scheduler.queue import schedule
from tests.kit.stripe_sandbox import RunningSandbox

State = Payment.State


def finish(payment: Payment, cents: int, now: datetime) -> None:
    ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: cents}, now=now)


def charges(sandbox: RunningSandbox) -> list[int]:
    return [charge["amount_captured"] for charge in sandbox.app.store.find("charge") if charge["captured"]]


@pytest.mark.parametrize("cents", [PRICE_CENTS, 1499, smallest_charge_cents("usd")])
def test_the_decided_amount_is_charged(
    held: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime, cents: int
) -> None:
    finish(held, cents, now)

    assert consequences.kinds() == ["authorised", "captured"]
    held.refresh_from_db()
    assert (held.state, held.captured_cents, held.mismatch) == (State.CAPTURED, cents, "")
    assert held.charged_cents == cents
    snapshot = stripe.payment(held.intent_id)
    assert (snapshot.status, snapshot.received_cents, snapshot.refunded_cents) == ("succeeded", cents, 0)
    assert charges(stripe_sandbox) == [cents]


@pytest.mark.parametrize("cents", [0, smallest_charge_cents("usd") - 1])
def test_nothing_due_releases_the_hold(
    held: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime, cents: int
) -> None:
    finish(held, cents, now)

    assert consequences.kinds() == ["authorised", "released"]
    held.refresh_from_db()
    assert (held.state, held.captured_cents, held.mismatch) == (State.RELEASED, 0, "")
    assert held.charged_cents == 0
    assert stripe.payment(held.intent_id).status == "canceled"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("call", "cents"), [("capture", 1000), ("cancel", 0)])
def test_a_crash_around_the_call_charges_once(
    held: Payment, stripe_sandbox: RunningSandbox, crashes: Crashes, now: datetime, moment: str, call: str, cents: int
) -> None:
    crashes.once(call, moment)
    finish(held, cents, now)
    run_all()

    assert crashes.happened == 2
    assert len(set(crashes.keys)) == 1, "the retry uses the same key"
    assert charges(stripe_sandbox) == ([cents] if cents else [])
    held.refresh_from_db()
    assert (held.state, held.captured_cents) == (State.CAPTURED if cents else State.RELEASED, cents)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("status", [500, 503, 429])
def test_stripe_stumbles(
    held: Payment,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
    now: datetime,
    moment: str,
    status: int,
) -> None:
    stripe_sandbox.control("faults", path=".*/capture", status=status, when=moment, times=1)
    finish(held, 1000, now)
    run_all()

    assert charges(stripe_sandbox) == [1000]
    assert consequences.kinds() == ["authorised", "captured"]


def test_lapsed_hold_alerts_and_is_released(
    held: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    stripe_sandbox.advance(8 * 24 * 3600)
    finish(held, PRICE_CENTS, now)

    assert consequences.kinds() == ["authorised", "mismatch", "released"]
    held.refresh_from_db()
    assert (held.state, held.captured_cents) == (State.RELEASED, 0)


def test_charged_meanwhile_by_someone_else(
    held: Payment, stripe_sandbox: RunningSandbox, consequences: Consequences, now: datetime
) -> None:
    stripe.capture(held.intent_id, amount_cents=PRICE_CENTS, key="the dashboard")
    finish(held, 0, now)

    assert consequences.kinds() == ["authorised", "captured", "mismatch"]
    held.refresh_from_db()
    assert (held.captured_cents, held.mismatch) == (PRICE_CENTS, "captured")


def test_an_impossible_capture_fails_and_support_sees_it(
    held: Payment, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    def refused(*args: Any, **given: Any) -> Any:
        raise stripe.Invalid("account_closed")

    monkeypatch.setattr(stripe, "capture", refused)
    finish(held, PRICE_CENTS, now)
    for hour in range(2 * ATTEMPTS):
        run_due(timezone.now() + timedelta(hours=hour))

    job = Job.objects.get(kind="payment.capture")
    assert job.parked_at is not None
    assert job.last_error.endswith("Invalid: account_closed")
    held.refresh_from_db()
    assert held.state == State.AUTHORIZED


def test_the_first_decision_stands(held: Payment, consequences: Consequences, now: datetime) -> None:
    finish(held, 1000, now)
    finish(held, PRICE_CENTS, now)
    assert consequences.kinds() == ["authorised", "captured"]
    finish(held, 0, now)

    assert scheduled() == set()
    held.refresh_from_db()
    assert (held.due_cents, held.captured_cents) == (1000, 1000)


def test_a_stale_job_does_nothing(held: Payment, consequences: Consequences, now: datetime) -> None:
    finish(held, 1000, now)
    run_due(timezone.now())
    for kind in (PaymentJob.CAPTURE, PaymentJob.RELEASE, PaymentJob.CLOSE):
        schedule(kind, str(held.id), now)

    assert consequences.kinds() == ["authorised", "captured"]
    assert run_due(timezone.now() + LATER) == 0


@pytest.mark.parametrize("kind", [PaymentJob.CAPTURE, PaymentJob.RELEASE, PaymentJob.CLOSE])
def test_capture_or_release_job_does_nothing_before_the_decision(
    held: Payment, now: datetime, kind: PaymentJob
) -> None:
    schedule(kind, str(held.id), now)
    run_due(timezone.now())

    assert stripe.payment(held.intent_id).status == "requires_capture"
