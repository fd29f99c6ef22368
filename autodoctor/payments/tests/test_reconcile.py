"""The ledger against the sandbox's lists: agreement, each kind of difference, pages, and no changes."""

import json
from datetime import datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import ledger
from autodoctor.payments import stripe as our_stripe
from autodoctor.payments.jobs import JOBS, oldest_open
from autodoctor.payments.models import Earning, Movement, Payment, Refund
from autodoctor.payments.payment_sync import sync_payment
from autodoctor.payments.reconcile import Difference, differences
from autodoctor.payments.stripe import lists
from autodoctor.payments.stripe.client import client
from autodoctor.payments.tests.stand import PRICE_CENTS, run_all
from autodoctor.scheduler.models import Job
from tests.kit.stripe_sandbox import RunningSandbox

if TYPE_CHECKING:
    from autodoctor.payments.tests.stand import Book

pytestmark = pytest.mark.django_db


@pytest.fixture
def since() -> datetime:
    return timezone.now() - timedelta(days=1)


@pytest.fixture
def charged(held: Payment, now: datetime) -> Payment:
    """Half of it captured, 100 cents of that given back."""
    ledger.finish(owner_id=held.owner_id, due=lambda payments: {held.id: PRICE_CENTS // 2}, now=now)
    run_all()
    ledger.refund(payment_id=held.id, amount_cents=100, reason="late", now=now)
    run_all()
    held.refresh_from_db()
    return held


def found(since: datetime) -> list[tuple[str, str, str, str]]:
    return [(each.what, each.of, each.ours, each.theirs) for each in differences(since)]


def test_every_refund_of_a_charge_is_known_however_many(
    charged: Payment, stripe_sandbox: RunningSandbox, now: datetime, since: datetime
) -> None:
    """The charge itself contains the latest ones only."""
    first = charged.refunds.get()
    for _ in range(14):
        client().v1.refunds.create({"payment_intent": charged.intent_id, "amount": 10})
    stripe_sandbox.control("refunds", refund=first.stripe_id)
    sync_payment(payment_id=charged.id, snapshot=our_stripe.payment(charged.intent_id), now=now)
    first.refresh_from_db()
    assert first.state == Refund.State.FAILED, "not only news of the latest refunds arrive"
    assert charged.refunds.filter(state=Refund.State.ISSUED).count() == 14
    assert not differences(since)


def test_ledger_and_stripe_agree_on_every_kind_of_payment(
    charged: Payment, book: "Book", stripe_sandbox: RunningSandbox, now: datetime, since: datetime
) -> None:
    from autodoctor.payments.tests.stand import pay

    released, never_paid = pay(book(), stripe_sandbox, now), book()
    ledger.finish(owner_id=released.owner_id, due=lambda payments: {released.id: 0}, now=now)
    ledger.finish(owner_id=never_paid.owner_id, due=lambda payments: {never_paid.id: 0}, now=now)
    run_all()
    assert Payment.objects.get(id=released.id).state == "released"
    assert found(since) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"amount_cents": 4000}, ("amount", "payment_intent", "4000", str(PRICE_CENTS))),
        ({"currency": "eur"}, ("currency", "payment_intent", "eur", "usd")),
        ({"captured_cents": 900}, ("captured", "payment_intent", "900", str(PRICE_CENTS // 2))),
        ({"state": "released"}, ("state", "payment_intent", "released", "succeeded")),
        ({"state": "failed"}, ("state", "payment_intent", "failed", "succeeded")),
        ({"disputed_at": timezone.now()}, ("dispute", "charge", "disputed", "not disputed")),
    ],
)
def test_a_row_that_differs_is_reported(
    charged: Payment, since: datetime, changes: dict[str, Any], expected: tuple[str, ...]
) -> None:
    Payment.objects.filter(id=charged.id).update(**changes)
    assert found(since) == [expected]


def test_a_refund_that_we_do_not_know(charged: Payment, stripe_sandbox: RunningSandbox, since: datetime) -> None:
    made = client().v1.refunds.create({"payment_intent": charged.intent_id, "amount": 50})
    assert found(since) == [
        ("refunded", "charge", "100", "150"),
        ("unknown_here", "refund", "", f"{made.status} 50 of {charged.intent_id}"),
    ]


def test_refunds_that_we_have_otherwise(charged: Payment, since: datetime) -> None:
    Refund.objects.update(amount_cents=70)
    assert found(since) == [("refunded", "charge", "70", "100"), ("amount", "refund", "70", "100")]
    Refund.objects.update(amount_cents=100, state=Refund.State.FAILED)
    assert ("state", "refund", "failed", "succeeded") in found(since)
    Refund.objects.update(state=Refund.State.ISSUED)
    Refund.objects.create(
        payment=charged,
        amount_cents=5,
        reason="",
        state=Refund.State.ISSUED,
        stripe_id="re_gone",
        created_at=timezone.now(),
    )
    assert ("unknown_at_stripe", "refund", "issued", "") in found(since)


def test_a_payment_that_stripe_does_not_know(held: Payment, stripe_sandbox: RunningSandbox, since: datetime) -> None:
    stripe_sandbox.control("reset")
    assert found(since) == [("unknown_at_stripe", "payment_intent", "authorised", "")]


def test_a_payment_that_only_stripe_knows(held: Payment, since: datetime) -> None:
    Refund.objects.all().delete()
    intent_id = held.intent_id
    Payment.objects.filter(id=held.id).delete()
    (difference,) = differences(since)
    assert difference == Difference(
        "unknown_here", "payment_intent", intent_id, str(held.id), "", f"requires_capture {PRICE_CENTS} usd"
    )


def test_a_payment_that_moves_during_the_comparison_is_no_difference(
    held: Payment, since: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    Payment.objects.filter(id=held.id).update(state="created")
    looked: list[str] = []
    real = lists.refunds

    def then_it_is_settled(since: datetime) -> Any:
        looked.append("refunds")
        Payment.objects.filter(id=held.id).update(state="authorised")
        return real(since)

    monkeypatch.setattr(lists, "refunds", then_it_is_settled)
    assert differences(since) == []
    assert looked == ["refunds", "refunds"]


def test_all_pages_are_read_and_older_ones_left(stripe_sandbox: RunningSandbox, since: datetime) -> None:
    stripe = client()
    for _number in range(lists.PAGE + 5):
        stripe.v1.payment_intents.create({"amount": 500, "currency": "usd", "capture_method": "manual"})
    assert len(list(lists.intents(since))) == lists.PAGE + 5
    heard: list[tuple[str, int]] = []
    assert differences(since, heard=lambda of, count: heard.append((of, count))) == []
    assert heard == [("payment_intent", lists.PAGE), ("payment_intent", lists.PAGE + 5)]
    assert list(lists.intents(timezone.now() + timedelta(minutes=5))) == []


def run(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("reconcile", *options, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def rows() -> list[Any]:
    return [*Payment.objects.order_by("id").values(), *Refund.objects.order_by("id").values()]


def test_the_command_reports_and_changes_nothing(charged: Payment, stripe_sandbox: RunningSandbox) -> None:
    code, said = run("--since", "2020-01-01")
    assert (code, said.strip()) == (0, "Our ledger and Stripe agree since 2020-01-01 00:00 UTC.")
    Payment.objects.filter(id=charged.id).update(captured_cents=900)
    before, events = rows(), len(stripe_sandbox.events())
    code, said = run()
    assert code == 1
    assert charged.intent_id in said
    assert "1 difference since" in said
    code, said = run("--json")
    assert code == 1
    (difference,) = json.loads(said)
    assert (difference["what"], difference["payment_id"]) == ("captured", str(charged.id))
    assert (rows(), len(stripe_sandbox.events())) == (before, events)


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", ""])
def test_a_day_that_is_none(since: str) -> None:
    with pytest.raises(CommandError, match="neither a day"):
        call_command("reconcile", f"--since={since}")


def test_stripe_does_not_answer(settings: Any) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError, match="does not answer") as caught:
        call_command("reconcile")
    assert caught.value.returncode == 2


def test_once_a_day_support_hears_of_what_differs_once(
    charged: Payment, stripe_sandbox: RunningSandbox, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    Payment.objects.filter(id=charged.id).update(captured_cents=900)
    made = client().v1.refunds.create({"payment_intent": charged.intent_id, "amount": 50})
    handler = JOBS["ledger.reconcile"]
    for _day in range(2):
        handler.run(Job(kind="ledger.reconcile", key="", due_at=now), now)
    assert handler.every
    assert handler.every() == timedelta(days=1)
    told = Job.objects.filter(kind="payment.mismatch").values_list("key", flat=True)
    assert set(told) == {str(charged.id), f"{charged.id}:1"}
    assert Payment.objects.get(id=charged.id).mismatches == ["reconcile_captured 1499", "reconcile_refunded 150"]
    assert made.id in caplog.text


def test_a_dispute_that_nobody_told_us_of(charged: Payment, stripe_sandbox: RunningSandbox, since: datetime) -> None:
    stripe_sandbox.control("disputes", charge=charged.charge_id, amount=500)
    assert ("unknown_here", "dispute", "", "needs_response") in found(since)
    assert ("dispute", "charge", "not disputed", "disputed") in found(since)


def test_a_dispute_that_ended_otherwise(charged: Payment, stripe_sandbox: RunningSandbox, since: datetime) -> None:
    made = stripe_sandbox.control("disputes", charge=charged.charge_id, amount=500)
    sync_payment(payment_id=charged.id, snapshot=our_stripe.payment(charged.intent_id), now=timezone.now())
    assert found(since) == []
    stripe_sandbox.control("disputes", dispute=made["id"], won=False)
    assert found(since) == [("state", "dispute", "needs_response 500", "lost 500")]


@pytest.fixture
def account_id(charged: Payment, stripe_sandbox: RunningSandbox) -> str:
    made = our_stripe.create_account(user_id=charged.payer_id, email="bob@example.com", country="US", key="account")
    page = our_stripe.account_link(made.id, refresh_url="http://localhost/", return_url="http://localhost/", key="link")
    stripe_sandbox.onboard(page)
    return made.id


def test_a_transfer_that_is_not_in_the_ledger(charged: Payment, account_id: str, since: datetime) -> None:
    send(charged, account_id, uuid4())
    assert found(since) == [("unknown_here", "transfer", "", "300")]


def test_a_transfer_that_differs_or_is_gone(charged: Payment, account_id: str, since: datetime, mechanic: User) -> None:
    now = timezone.now()
    earning = Earning.objects.create(
        payment=charged,
        mechanic=mechanic,
        share_percent=70,
        gross_cents=charged.captured_cents,
        transferred_cents=400,
        completed_at=now,
        payable_at=now,
        awaits_summary=False,
        created_at=now,
    )
    row = Movement(earning=earning, kind="transfer", amount_cents=400, account_id=account_id, state="done")
    row.created_at = now
    row.stripe_id = send(charged, account_id, row.id)
    row.save()
    assert found(since) == [("amount", "transfer", "400", "300")]
    Movement.objects.update(stripe_id="tr_gone")
    assert ("unknown_at_stripe", "transfer", "400", "") in found(since)


def send(payment: Payment, account_id: str, movement_id: UUID) -> str:
    return our_stripe.transfer(
        payment_id=payment.id,
        movement_id=movement_id,
        charge_id=payment.charge_id,
        account_id=account_id,
        amount_cents=300,
        currency="usd",
        key=str(movement_id),
    ).id


def test_a_hold_that_both_books_agree_on_is_no_agreement_once_it_should_be_charged(
    held: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    ledger.finish(owner_id=held.owner_id, due=lambda payments: {held.id: PRICE_CENTS}, now=now - timedelta(hours=3))
    Payment.objects.filter(id=held.id).update(authorized_at=now - timedelta(hours=4))
    Job.objects.all().delete()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("reconcile", "--json", stdout=out, stderr=StringIO())
    (told,) = json.loads(out.getvalue())
    assert (told["what"], told["of"], told["payment_id"]) == ("stands_still", "capture", str(held.id))
    assert not Job.objects.exists()
    with pytest.raises(SystemExit):
        call_command("reconcile", "--retry", stdout=StringIO(), stderr=StringIO())
    run_all()
    held.refresh_from_db()
    assert held.state == "captured"


def test_the_daily_comparison_looks_at_holds_that_are_older_than_it_looks_back(
    held: Payment, stripe_sandbox: RunningSandbox, now: datetime
) -> None:
    old = now - timedelta(days=20)
    Payment.objects.filter(id=held.id).update(created_at=old)
    assert oldest_open(now - timedelta(days=8)) == old
    Payment.objects.filter(id=held.id).update(state="captured")
    assert oldest_open(now - timedelta(days=8)) == now - timedelta(days=8)
