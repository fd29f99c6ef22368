"""Stripe has trouble at every call that moves money, for longer than the SDK asks: one effect each, once it is well."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import earnings, ledger, stripe
from autodoctor.payments.models import Payment, Refund
from autodoctor.payments.stripe import client
from autodoctor.payments.tests.stand import LATER, Book, live, open_page, run_all
from autodoctor.payments.tests.test_earnings import onboard
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox

TROUBLES = [409, 429, 500, 503, "time-out"]
SHARE, LESS, BACK = 1400, 1050, 500  # cents: of a charge of 2000; of what is left after the refund; the refund
ASKS = client.RETRIES + 1  # of the SDK, within one call
moments = pytest.mark.parametrize("moment", ["before", "after"])


@pytest.fixture
def trouble(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    if request.param == "time-out":
        monkeypatch.setattr(client, "TIMEOUT_SECONDS", (3.0, 0.3))
        client._client_for.cache_clear()
    yield request.param
    client._client_for.cache_clear()


def strike(sandbox: RunningSandbox, trouble: object, moment: str, path: str) -> None:
    """Have every request of the next call to this path fail: how often the SDK asks depends on the trouble."""
    fault = {"delay_seconds": 0.5} if trouble == "time-out" else {"status": trouble}
    times = 1 if trouble in (429, 500) else ASKS
    sandbox.control("faults", method="POST", path=path, when=moment, times=times, **fault)


@moments
@pytest.mark.parametrize("trouble", TROUBLES, indirect=True)
def test_each_movement_of_money_happens_once_when_stripe_is_well_again(
    held: Payment, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime, trouble: object, moment: str
) -> None:
    onboard(mechanic, stripe_sandbox, now)
    strike(stripe_sandbox, trouble, moment, ".*/capture")
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: 2000}, now=now)
    run_all()
    strike(stripe_sandbox, trouble, moment, "transfers")
    over = now - timedelta(days=2)
    earnings.learn(owner_id=held.owner_id, earners=[earnings.Earner(mechanic, False)], completed_at=over, now=now)
    run_all()
    strike(stripe_sandbox, trouble, moment, "refunds")
    strike(stripe_sandbox, trouble, moment, "transfers/.*/reversals")
    ledger.refund(payment_id=held.id, amount_cents=BACK, reason="late", borne_by=Refund.Bearer.MECHANIC, now=now)
    for _ in range(2):
        run_all()
    run_due(timezone.now() + 2 * LATER)

    store = stripe_sandbox.app.store
    assert [one["amount_received"] for one in store.find("payment_intent")] == [2000]
    assert [one["amount"] for one in store.find("refund") if one["metadata"].get("refund_id")] == [BACK]
    assert [(one["amount"], one["amount_reversed"]) for one in store.find("transfer")] == [(SHARE, SHARE - LESS)]
    assert not Job.objects.exclude(parked_at=None).exists()


@moments
@pytest.mark.parametrize("trouble", TROUBLES, indirect=True)
def test_who_wants_to_pay_is_told_to_try_again_and_then_gets_one_page(
    book: Book, stripe_sandbox: RunningSandbox, now: datetime, trouble: object, moment: str
) -> None:
    """Nothing was refused: support has nothing to look at. An answer that was only late may come within the call."""
    payment = book()
    strike(stripe_sandbox, trouble, moment, "checkout/sessions")
    with suppress(stripe.Unavailable):
        open_page(payment, now)
    assert open_page(payment, now).checkout_url
    payment.refresh_from_db()
    assert payment.refused_code == ""
    assert live(stripe_sandbox, payment) == ["page"]
