"""Money taken back after a payout: a debt of the mechanic, told to support, kept from coming earnings."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import debts, earnings, ledger, payouts
from autodoctor.payments.models import Dispute, Earning, Movement, Payment, PayoutAccount
from autodoctor.payments.reconcile import differences
from autodoctor.payments.tests import facts
from autodoctor.payments.tests.stand import pay, run_all
from autodoctor.payments.tests.test_earnings import give_back, how, onboard, sent
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db
SHARE = 2099
DAY = timedelta(days=1)
Earn = Callable[[], Payment]


@pytest.fixture
def account(mechanic: User, stripe_sandbox: RunningSandbox, now: datetime) -> PayoutAccount:
    return onboard(mechanic, stripe_sandbox, now)


@pytest.fixture
def earn(book: Callable[[], Payment], mechanic: User, stripe_sandbox: RunningSandbox, now: datetime) -> Earn:
    """Return a function that makes a charged session of long ago."""

    def one() -> Payment:
        payment = pay(book(), stripe_sandbox, now)
        ledger.finish(owner_id=payment.owner_id, due=lambda _: {payment.id: payment.amount_cents}, now=now)
        run_due(timezone.now())
        done = now - 30 * DAY
        earnings.learn(
            owner_id=payment.owner_id, earners=[earnings.Earner(mechanic, False)], completed_at=done, now=now
        )
        run_all()
        return payment

    return one


@pytest.fixture
def owed(earn: Earn, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime) -> Payment:
    """A charge that was paid out to the mechanic's bank, and then refunded at their expense."""
    payment = earn()
    stripe_sandbox.control("payouts", account=account.stripe_id)
    give_back(payment, payment.amount_cents, "mechanic", now)
    return payment


def test_reversal_beyond_the_account_balance_becomes_a_debt(
    owed: Payment, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    assert sent(stripe_sandbox) == [(SHARE, 0)]
    assert (how(owed).paid_cents, how(owed).debt_cents) == (SHARE, SHARE)
    assert debts.owed_by(mechanic.id) == {"usd": SHARE}
    told = [payload for kind, payload in facts.seen if kind == "owed"]
    assert [(one["amount_cents"], one["mechanic_id"]) for one in told] == [(SHARE, str(mechanic.id))]
    assert not Job.objects.filter(kind="earning.move").exists()
    assert [each for each in differences(now - DAY) if each.of == "transfer"] == []


def test_coming_earnings_pay_the_debt_first(
    owed: Payment, earn: Earn, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    give_back(earn(), 999, "mechanic", now)  # of which 1,400 would be theirs
    assert debts.owed_by(mechanic.id) == {"usd": 699}
    assert sent(stripe_sandbox) == [(SHARE, 0)]
    third = earn()
    assert debts.owed_by(mechanic.id) == {}
    assert (how(third).paid_cents, how(third).kept_cents) == (1400, 699)
    sums = [earning.share_cents for earning in Earning.objects.all()]
    at_stripe = sum(amount - back for amount, back in sent(stripe_sandbox))
    assert at_stripe == sum(sums)
    assert [each for each in differences(now - DAY) if each.of == "transfer"] == []


def test_a_debt_that_is_paid_is_over(owed: Payment, earn: Earn, mechanic: User, stripe_sandbox: RunningSandbox) -> None:
    second, third = earn(), earn()
    assert (how(second).paid_cents, how(second).kept_cents) == (0, SHARE)
    assert (how(third).paid_cents, how(third).kept_cents) == (SHARE, 0)
    assert (how(owed).debt_cents, debts.owed_by(mechanic.id)) == (0, {})
    assert sent(stripe_sandbox) == [(SHARE, 0), (SHARE, 0)]


def test_refund_of_an_earning_that_paid_a_debt_restores_the_debt(
    owed: Payment, earn: Earn, mechanic: User, now: datetime
) -> None:
    second = earn()
    give_back(second, second.amount_cents, "mechanic", now)
    assert debts.owed_by(mechanic.id) == {"usd": SHARE}
    assert (how(second).kept_cents, how(second).debt_cents) == (0, SHARE)


def test_retried_reversal_takes_the_new_balance_and_ends_the_debt(
    owed: Payment, account: PayoutAccount, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    debt = Movement.objects.get(state="owed")
    earnings.ask_again([debt.id], now)
    run_all()
    assert debts.owed_by(mechanic.id) == {"usd": SHARE}
    assert len([kind for kind, _ in facts.seen if kind == "owed"]) == 1
    with stripe_sandbox.app.store.transaction():
        row = stripe_sandbox.app.store.get(account.stripe_id)
        assert row
        stripe_sandbox.app.store.put(row | {"_paid_out": 0})
    earnings.ask_again([debt.id], now)
    run_all()
    assert (sent(stripe_sandbox), debts.owed_by(mechanic.id)) == ([(SHARE, SHARE)], {})


def test_earnings_of_a_mechanic_at_risk_are_held_back_longer(earn: Earn, mechanic: User, now: datetime) -> None:
    payment = earn()
    assert debts.hold_back(mechanic.id, now) == DAY
    dispute = Dispute.objects.create(
        payment=payment,
        stripe_id="du_1",
        amount_cents=100,
        currency="usd",
        reason="fraudulent",
        status="needs_response",
        opened_at=now,
    )
    assert debts.hold_back(mechanic.id, now) == 7 * DAY
    assert debts.hold_back(mechanic.id, now + 91 * DAY) == DAY
    Dispute.objects.filter(id=dispute.id).update(outcome="won")
    assert debts.hold_back(mechanic.id, now) == DAY
    assert payouts.account_of(mechanic) is None


def test_hold_back_of_a_mechanic_with_debt_is_seven_days(owed: Payment, mechanic: User, now: datetime) -> None:
    assert debts.hold_back(mechanic.id, now) == 7 * DAY
