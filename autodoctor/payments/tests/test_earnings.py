"""A mechanic's share of a charge: sent once when nothing blocks it; taken back as far as the mechanic bears a
refund.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import earnings, ledger, payouts, stripe
from autodoctor.payments.earnings import EarningPosition, EarningStatus, WaitReason
from autodoctor.payments.models import Earning, Movement, Payment, PayoutAccount, Refund
from autodoctor.payments.payment_sync import sync_payment
from autodoctor.payments.tests.stand import Consequences, Crashes, pay, run_all
from autodoctor.scheduler.loop import run_due
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox

DAY = timedelta(hours=24)
PAGES = {"refresh_url": "http://localhost:8000/over/", "return_url": "http://localhost:8000/back/"}
SHARE = 2099  # 70 % of $29.99
Know = Callable[..., None]


@pytest.fixture
def charged(held: Payment, consequences: Consequences, now: datetime) -> Payment:
    ledger.finish(owner_id=held.owner_id, due=lambda _: {held.id: held.amount_cents}, now=now)
    run_due(timezone.now())
    held.refresh_from_db()
    assert held.state == Payment.State.CAPTURED
    return held


@pytest.fixture
def know(charged: Payment, mechanic: User, now: datetime) -> Know:
    """Report the earning; by default of a session that was over a day ago, with a summary."""

    def tell(*, ago: timedelta = 2 * DAY, awaits_summary: bool = False) -> None:
        earnings.learn(
            owner_id=charged.owner_id,
            earners=[earnings.Earner(mechanic, awaits_summary)],
            completed_at=now - ago,
            now=now,
        )

    return tell


@pytest.fixture
def account(mechanic: User, stripe_sandbox: RunningSandbox, now: datetime) -> PayoutAccount:
    return onboard(mechanic, stripe_sandbox, now)


def onboard(mechanic: User, sandbox: RunningSandbox, now: datetime, action: str = "finish") -> PayoutAccount:
    sandbox.onboard(payouts.onboarding_page(user=mechanic, country="US", now=now, **PAGES), action)
    account = PayoutAccount.objects.get(user=mechanic)
    payouts.refresh(account, now)
    return account


def sent(sandbox: RunningSandbox) -> list[tuple[int, int]]:
    """Return each transfer's amount at Stripe, and how much was reversed."""
    return [(one["amount"], one["amount_reversed"]) for one in sandbox.app.store.find("transfer")[::-1]]


def how(payment: Payment, at: datetime | None = None) -> EarningPosition:
    earning = Earning.objects.get(payment=payment)
    account = payouts.account_of(earning.mechanic)
    [found] = earnings.positions([earning], {earning.mechanic_id: account} if account else {}, at or timezone.now())
    return found


def give_back(payment: Payment, cents: int, bearer: str, now: datetime) -> Refund:
    given = ledger.refund(payment_id=payment.id, amount_cents=cents, reason="froze", borne_by=bearer, now=now)
    run_all()
    return given


def test_transfer_of_the_share_names_its_charge_as_source(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    know()
    run_all()
    [transfer] = stripe_sandbox.app.store.find("transfer")
    assert (transfer["amount"], transfer["currency"]) == (SHARE, "usd")
    assert (transfer["source_transaction"], transfer["destination"]) == (charged.charge_id, account.stripe_id)
    assert how(charged) == EarningPosition(EarningStatus.PAID, (), SHARE, 0)
    assert Movement.objects.get().stripe_id == transfer["id"]


def test_again_is_not_twice(know: Know, account: PayoutAccount, stripe_sandbox: RunningSandbox) -> None:
    for _ in range(3):
        know()
        run_all()
    assert sent(stripe_sandbox) == [(SHARE, 0)]


def test_an_earning_waits_a_day(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    know(ago=DAY - timedelta(hours=3))
    run_all()
    assert (how(charged).stands, how(charged).waits) == (EarningStatus.WAITING, (WaitReason.TIME,))
    assert sent(stripe_sandbox) == []
    run_due(timezone.now() + timedelta(hours=3, minutes=1))
    run_due(timezone.now() + timedelta(hours=3, minutes=1))
    assert sent(stripe_sandbox) == [(SHARE, 0)]


def test_an_earning_waits_for_the_summary(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    know(awaits_summary=True)
    run_all()
    assert how(charged).waits == (WaitReason.SUMMARY,)
    assert sent(stripe_sandbox) == []
    know()
    run_all()
    assert sent(stripe_sandbox) == [(SHARE, 0)]


def test_an_earning_waits_for_an_account_and_continues_with_it(
    know: Know, charged: Payment, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    know()
    run_all()
    assert how(charged).waits == (WaitReason.ACCOUNT,)
    onboard(mechanic, stripe_sandbox, now, "leave")
    onboard(mechanic, stripe_sandbox, now, "restricted")
    run_all()
    assert (how(charged).waits, sent(stripe_sandbox)) == ((WaitReason.ACCOUNT,), [])
    onboard(mechanic, stripe_sandbox, now)
    run_all()
    assert sent(stripe_sandbox) == [(SHARE, 0)]
    assert len(stripe_sandbox.app.store.find("account")) == 1


def test_earning_waits_while_the_account_takes_no_transfers(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    stripe_sandbox.control("accounts", account=account.stripe_id, outcome="restricted")
    know()
    run_all()
    assert (how(charged).stands, how(charged).waits) == (EarningStatus.WAITING, (WaitReason.ACCOUNT,))
    assert Movement.objects.get().refused_code == "insufficient_capabilities_for_transfer"
    stripe_sandbox.control("accounts", account=account.stripe_id, outcome="enabled")
    payouts.refresh(account, now)
    run_all()
    assert sent(stripe_sandbox) == [(SHARE, 0)]
    assert how(charged) == EarningPosition(EarningStatus.PAID, (), SHARE, 0)


@pytest.mark.parametrize("cents", [0, 1])
def test_too_little_for_a_share_makes_no_row(know: Know, charged: Payment, cents: int) -> None:
    Payment.objects.filter(id=charged.id).update(captured_cents=cents)
    know()
    assert not Earning.objects.exists()


def test_a_refund_borne_by_the_mechanic_is_not_sent(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    give_back(charged, 999, "mechanic", now)
    know()
    run_all()
    assert sent(stripe_sandbox) == [((2999 - 999) * 70 // 100, 0)]


def test_an_earning_waits_for_a_refund_that_may_still_fail(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    ledger.refund(payment_id=charged.id, amount_cents=999, reason="froze", borne_by="mechanic", now=now)
    know()
    assert how(charged).waits == (WaitReason.REFUND,)
    run_all()
    assert sent(stripe_sandbox) == [(1400, 0)]


def test_a_later_refund_borne_by_the_mechanic_is_taken_back(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    know()
    run_all()
    give_back(charged, 999, "mechanic", now)
    give_back(charged, 500, "mechanic", now)
    assert sent(stripe_sandbox) == [(SHARE, SHARE - (2999 - 1499) * 70 // 100)]
    assert (how(charged).stands, how(charged).paid_cents) == (EarningStatus.PAID, 1050)
    give_back(charged, 1500, "mechanic", now)
    assert sent(stripe_sandbox) == [(SHARE, SHARE)]
    assert how(charged).stands == EarningStatus.REVERSED


def test_a_refund_borne_by_the_platform_changes_nothing(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    give_back(charged, 999, "platform", now)
    know()
    run_all()
    give_back(charged, 2000, "platform", now)
    assert sent(stripe_sandbox) == [(SHARE, 0)]


def test_a_refund_that_the_bank_sends_back_is_earned_after_all(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    know()
    run_all()
    given = give_back(charged, 1000, "mechanic", now)
    given.refresh_from_db()
    stripe_sandbox.control("refunds", refund=given.stripe_id)
    sync_payment(payment_id=charged.id, snapshot=stripe.payment(charged.intent_id), now=now)
    run_all()
    assert sent(stripe_sandbox) == [(SHARE, 700), (700, 0)]
    assert how(charged).paid_cents == SHARE


def test_a_disputed_charge_is_held(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    Payment.objects.filter(id=charged.id).update(disputed_at=now)
    know()
    run_all()
    assert (how(charged).stands, how(charged).owed_cents, sent(stripe_sandbox)) == (EarningStatus.HELD, 0, [])


def test_a_transfer_before_a_dispute_stays_and_is_shown_as_owed(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    know()
    run_all()
    Payment.objects.filter(id=charged.id).update(disputed_at=now)
    know()
    run_all()
    assert how(charged) == EarningPosition(EarningStatus.HELD, (), SHARE, SHARE)
    assert sent(stripe_sandbox) == [(SHARE, 0)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_the_transfer_sends_once(
    know: Know,
    charged: Payment,
    account: PayoutAccount,
    stripe_sandbox: RunningSandbox,
    crashes: Crashes,
    moment: str,
) -> None:
    crashes.once("transfer", moment)
    know()
    run_all()
    assert len(set(crashes.keys)) == 1
    assert sent(stripe_sandbox) == [(SHARE, 0)]
    assert how(charged).stands == EarningStatus.PAID


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_the_reversal_takes_back_once(
    know: Know,
    charged: Payment,
    account: PayoutAccount,
    stripe_sandbox: RunningSandbox,
    crashes: Crashes,
    now: datetime,
    moment: str,
) -> None:
    know()
    run_all()
    crashes.once("reverse", moment)
    give_back(charged, 999, "mechanic", now)
    run_all()
    assert len(set(crashes.keys)) == 1
    assert sent(stripe_sandbox) == [(SHARE, 699)]
    assert how(charged).paid_cents == 1400


def test_the_same_key_even_when_nothing_is_found(
    know: Know,
    account: PayoutAccount,
    stripe_sandbox: RunningSandbox,
    crashes: Crashes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stripe's list may lag behind: the key then prevents a second transfer."""
    monkeypatch.setattr(stripe, "find_transfer", lambda **given: None)
    crashes.once("transfer", "after")
    know()
    run_all()
    assert (crashes.happened, len(set(crashes.keys))) == (2, 1)
    assert sent(stripe_sandbox) == [(SHARE, 0)]


def test_refund_during_a_transfer_is_reversed_after_it(
    know: Know,
    charged: Payment,
    account: PayoutAccount,
    stripe_sandbox: RunningSandbox,
    now: datetime,
) -> None:
    stripe_sandbox.control("faults", method="POST", path="transfers", status=503, times=3)
    know()
    run_due(timezone.now())
    run_due(timezone.now())
    assert (how(charged).stands, sent(stripe_sandbox)) == (EarningStatus.TRANSFERRING, [])
    give_back(charged, 999, "mechanic", now)
    run_all()
    assert sent(stripe_sandbox) == [(SHARE, 699)]


def test_a_transfer_that_stripe_refuses_for_good_is_parked(
    know: Know, charged: Payment, account: PayoutAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**given: Any) -> None:
        raise stripe.Invalid("amount")

    monkeypatch.setattr(stripe, "transfer", refuse)
    know()
    for hours in range(80):
        run_due(timezone.now() + timedelta(hours=hours))
    assert Job.objects.get(kind="earning.move").parked_at
    assert how(charged).stands == EarningStatus.TRANSFERRING


def test_the_database_allows_no_more_than_the_share_of_what_was_kept(know: Know, account: PayoutAccount) -> None:
    know(ago=timedelta())
    row = Earning.objects.all()
    for wrong in ({"transferred_cents": SHARE + 1}, {"reversed_cents": 1}, {"borne_cents": 3000}):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**wrong)
    row.update(transferred_cents=SHARE)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.update(borne_cents=2)


def test_each_charge_of_a_session_has_its_own_transfer(
    know: Know, charged: Payment, book: Any, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    other = pay(book(), stripe_sandbox, now)
    stripe.capture(other.intent_id, amount_cents=1000, key="k")
    Payment.objects.filter(id=other.id).update(
        owner_id=charged.owner_id, purpose="extension", state="captured", captured_cents=1000
    )
    know()
    run_all()
    assert sorted(sent(stripe_sandbox)) == [(700, 0), (SHARE, 0)]
