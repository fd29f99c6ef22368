"""Events of accounts and transfers are hints: the present state counts."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import earnings, payouts, webhook_inbox
from autodoctor.payments.models import Movement, Payment, PayoutAccount, StripeEvent
from autodoctor.payments.stripe import EventNotice, verified_event
from autodoctor.payments.stripe.client import client
from autodoctor.payments.tests.stand import Consequences, Crashes, run_all, surviving
from autodoctor.payments.tests.test_earnings import Know, account, charged, give_back, how, know, onboard, sent
from autodoctor.sandbox import WEBHOOK_SECRET
from autodoctor.scheduler.loop import run_due
from tests.kit.stripe_sandbox import RunningSandbox

__all__ = ["account", "charged", "know"]


def hear(sandbox: RunningSandbox, kind: str, *, livemode: bool = False) -> StripeEvent:
    """Deliver the last event of that kind."""
    told = sandbox.events(kind)[-1]
    about = told["data"]["object"]["id"]
    notice = EventNotice(f"{told['id']}{livemode:d}", kind, livemode, about, "", None)
    webhook_inbox.receive(notice, timezone.now())
    run_due(timezone.now())
    return StripeEvent.objects.get(id=notice.id)


def test_an_account_is_looked_at_when_it_changes(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    PayoutAccount.objects.update(transfers_enabled=False)
    know()
    stripe_sandbox.control("accounts", account=account.stripe_id, outcome="enabled")
    assert hear(stripe_sandbox, "account.updated").outcome == "takes transfers"
    run_all()
    assert sent(stripe_sandbox) == [(2099, 0)]


def test_old_news_of_an_account_tell_nothing_old(account: PayoutAccount, stripe_sandbox: RunningSandbox) -> None:
    stripe_sandbox.control("accounts", account=account.stripe_id, outcome="restricted")
    old = stripe_sandbox.events("account.updated")[0]
    assert old["data"]["object"]["capabilities"]["transfers"] == "active"
    assert hear(stripe_sandbox, "account.updated").outcome == "takes no transfers"
    account.refresh_from_db()
    assert (account.transfers_enabled, account.requirements_due) == (False, ["individual.verification.document"])


def test_account_events_of_strangers_or_the_other_mode_are_ignored(
    account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    assert hear(stripe_sandbox, "account.updated", livemode=True).outcome == "no account of ours"
    PayoutAccount.objects.all().delete()
    assert hear(stripe_sandbox, "account.updated").outcome == "no account of ours"


def test_transfer_event_confirms_a_transfer_without_answer(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    know()
    run_all()
    Movement.objects.update(state="decided", stripe_id="", done_at=None)
    assert hear(stripe_sandbox, "transfer.created").outcome == "sent"
    assert how(charged).stands == earnings.EarningStatus.PAID
    assert hear(stripe_sandbox, "transfer.created", livemode=True).outcome == "no transfer of ours"


def test_a_transfer_reversed_by_hand_is_reported(
    know: Know,
    charged: Payment,
    account: PayoutAccount,
    stripe_sandbox: RunningSandbox,
    consequences: Consequences,
) -> None:
    know()
    run_all()
    stripe_sandbox.control("transfers", transfer=Movement.objects.get().stripe_id, amount=100)
    assert hear(stripe_sandbox, "transfer.reversed").outcome == "mismatch: transfer"
    assert "mismatch" in consequences.kinds()


def test_our_own_reversal_is_no_mismatch(
    know: Know, charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    know()
    run_all()
    give_back(charged, 999, "mechanic", now)
    assert hear(stripe_sandbox, "transfer.reversed").outcome == "sent"


def test_a_foreign_transfer_is_ignored(
    charged: Payment, account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    client().v1.transfers.create(
        {"amount": 1, "currency": "usd", "destination": account.stripe_id, "source_transaction": charged.charge_id}
    )
    assert hear(stripe_sandbox, "transfer.created").outcome == "no transfer of ours"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_the_opening_of_an_account_opens_one(
    mechanic: User, stripe_sandbox: RunningSandbox, now: datetime, crashes: Crashes, moment: str
) -> None:
    crashes.once("create_account", moment)
    surviving(lambda: onboard(mechanic, stripe_sandbox, now))
    assert (crashes.happened, len(set(crashes.keys))) == (2, 1)
    assert len(stripe_sandbox.app.store.find("account")) == 1


def test_an_earning_that_is_due_later_stays_scheduled(
    know: Know, account: PayoutAccount, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    """A sync of the account does not send an earning before its day."""
    know(ago=timedelta(hours=1))
    payouts.refresh(account, now)
    run_all()
    assert sent(stripe_sandbox) == []
    run_due(now + timedelta(hours=24))
    run_due(now + timedelta(hours=24))
    assert sent(stripe_sandbox) == [(2099, 0)]


def test_an_account_that_was_taken_from_us_is_set_up_again(
    account: PayoutAccount, mechanic: User, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    """What waits is then sent to the new account."""
    stripe_sandbox.control("accounts", account=account.stripe_id, outcome="disconnected")
    assert hear_of(stripe_sandbox, "account.application.deauthorized").outcome == "takes no transfers"
    account.refresh_from_db()
    assert (account.transfers_enabled, account.disabled_reason) == (False, "disconnected")
    again = onboard(mechanic, stripe_sandbox, now)
    assert again.stripe_id != account.stripe_id
    assert again.transfers_enabled


def test_a_payout_that_failed_asks_for_another_bank_account(
    account: PayoutAccount, stripe_sandbox: RunningSandbox
) -> None:
    stripe_sandbox.control("accounts", account=account.stripe_id, outcome="payout_failed")
    assert hear_of(stripe_sandbox, "payout.failed").outcome == "takes transfers"
    account.refresh_from_db()
    assert (account.payouts_enabled, account.requirements_due) == (False, ["external_account"])


def hear_of(sandbox: RunningSandbox, kind: str) -> StripeEvent:
    """Receive the last event of that kind as it is sent."""
    body, signature = sandbox.signed(sandbox.events(kind)[-1])
    notice = verified_event(body.encode(), signature, secrets=[WEBHOOK_SECRET], now=timezone.now())
    webhook_inbox.receive(notice, timezone.now())
    run_due(timezone.now())
    return StripeEvent.objects.get(id=notice.id)
