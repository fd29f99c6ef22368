"""The earnings page of a mechanic, and the earnings that sessions create."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.job_registry import credit_the_mechanic
from autodoctor.payments import earnings
from autodoctor.payments.models import Dispute, Earning, Movement, Payment, PayoutAccount, Refund
from autodoctor.scheduler.models import Job
from autodoctor.sessions.event_data import SummaryData
from autodoctor.sessions.lifecycle import summaries
from autodoctor.sessions.queries.earnings_report import account_in_words
from autodoctor.sessions.tests.story import NOON, Story

NO_EARNINGS = "No earnings in this month"

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
SUMMARY = SummaryData(safe="yes", parts=1, photos=0)
PAGE = "/dashboard/earnings/?month=2026-03"
TABLE = "/dashboard/earnings.csv?month=2026-03"


def charge(story: Story, cents: int = 999) -> Payment:
    """The bank has charged it, and the news of that is here."""
    payment = story.payment
    Payment.objects.filter(id=payment.id).update(state="captured", captured_cents=cents)
    payload = {"owner_id": str(story.id), "payment_id": str(payment.id)}
    credit_the_mechanic(Job(kind="payment.earned", key=str(payment.id), payload=payload), story.now)
    return story.payment


@pytest.fixture
def ended(story: Story) -> Story:
    return story.live().wait(minutes=12).end(story.customer)


@pytest.fixture
def reads(client_of: ClientOf) -> Callable[..., str]:
    def read(user: User, path: str = PAGE) -> str:
        answer = client_of(user).get(path)
        assert answer.status_code == 200
        main = answer.content.decode().split("<main", 1)[1].split("</main>")[0]
        return " ".join(re.sub(r"<[^>]+>", " ", main).split())

    return read


def table(client: Client, path: str = TABLE) -> list[list[str]]:
    async def whole(answer: Any) -> str:
        return b"".join([piece async for piece in answer.streaming_content]).decode("utf-8-sig")

    answer = client.get(path)
    assert (answer.status_code, answer.streaming) == (200, True)
    return list(csv.reader(io.StringIO(async_to_sync(whole)(answer))))


def ready(mechanic: User) -> None:
    PayoutAccount.objects.create(
        user=mechanic,
        stripe_id="acct_1",
        details_submitted=True,
        transfers_enabled=True,
        payouts_enabled=True,
        created_at=NOON,
        checked_at=NOON,
    )


def test_a_session_is_earned_once_charged_and_summarized_in_either_order(ended: Story, mechanic: User) -> None:
    charge(ended)
    earning = Earning.objects.get()
    assert (earning.mechanic, earning.share_cents, earning.awaits_summary) == (mechanic, 699, True)
    assert earning.completed_at == ended.session.ended_at
    summaries.submit_summary(session_id=ended.id, by=mechanic, now=ended.now, data=SUMMARY)
    earning.refresh_from_db()
    assert earning.awaits_summary is False


def test_a_summary_before_the_charge(ended: Story, mechanic: User) -> None:
    summaries.submit_summary(session_id=ended.id, by=mechanic, now=ended.now, data=SUMMARY)
    assert not Earning.objects.exists()
    charge(ended)
    assert Earning.objects.get().awaits_summary is False


def test_a_customer_who_never_came_leaves_no_summary_to_wait_for(story: Story, mechanic: User) -> None:
    story.pay().accept().join(mechanic).wait(minutes=15)
    assert story.session.end_reason == "customer_no_show"
    charge(story, 499)
    earning = Earning.objects.get()
    assert (earning.mechanic, earning.share_cents, earning.awaits_summary) == (mechanic, 349, False)


def test_nobody_earns_of_a_session_that_still_goes_on(story: Story) -> None:
    story.live()
    charge(story)
    assert not Earning.objects.exists()


def test_an_early_charge_is_earned_at_the_end(story: Story) -> None:
    story.live()
    charge(story)
    story.end(story.customer)
    assert Job.objects.filter(kind="payment.earned", key=str(story.payment.id)).exists()


def test_the_earnings_page_says_what_each_earning_waits_for(
    ended: Story, mechanic: User, reads: Callable[..., str], client_of: ClientOf
) -> None:
    charge(ended)
    text = reads(mechanic)
    assert "March 2026" in text
    assert "Earned $6.99 Paid $0.00 Not paid yet $6.99" in text
    assert "Waits for your summary Waits for your payout account" in text
    assert "Set up payouts" in text
    assert f'href="/sessions/{ended.id}/"' in client_of(mechanic).get(PAGE).content.decode()
    ready(mechanic)
    summaries.submit_summary(session_id=ended.id, by=mechanic, now=ended.now, data=SUMMARY)
    text = reads(mechanic)
    assert "Your payout account is ready" in text
    assert "Waits for" not in text


def test_the_earnings_page_shows_disputes_and_refunds(ended: Story, mechanic: User, reads: Callable[..., str]) -> None:
    payment = charge(ended)
    Refund.objects.create(
        payment=payment, amount_cents=300, reason="-", borne_by="mechanic", state="issued", created_at=NOON
    )
    charge(ended)
    assert "$3.00 refunded at your expense" in reads(mechanic)
    assert "Earned $4.89" in reads(mechanic)
    Payment.objects.update(disputed_at=NOON)
    assert "On hold: the customer’s bank disputes the charge" in reads(mechanic)


def test_the_day_of_a_payout_is_shown_in_the_mechanics_time_zone(
    ended: Story, mechanic: User, reads: Callable[..., str]
) -> None:
    ready(mechanic)
    summaries.submit_summary(session_id=ended.id, by=mechanic, now=ended.now, data=SUMMARY)
    charge(ended)
    Earning.objects.update(completed_at=timezone.now(), payable_at=timezone.now() + timedelta(days=1))
    day = timezone.now() + timedelta(days=1)
    assert f"Payable on {day:%b} {day.day}," in reads(mechanic, "/dashboard/earnings/")


def test_the_earnings_page_shows_one_month_and_refuses_invalid_ones(
    ended: Story, mechanic: User, reads: Callable[..., str], client_of: ClientOf
) -> None:
    charge(ended)
    empty = reads(mechanic, "/dashboard/earnings/?month=2026-04")
    assert NO_EARNINGS in empty
    assert "March 2026 $6.99" in empty
    for wrong in ("2026-13", "2026-3", "x", "2026-03-01", "٢٠٢٦-03"):
        assert client_of(mechanic).get(f"/dashboard/earnings/?month={wrong}").status_code == 404


def test_the_earnings_table_contains_no_spreadsheet_formula(ended: Story, mechanic: User, client_of: ClientOf) -> None:
    payment = charge(ended)
    Payment.objects.filter(id=payment.id).update(description='=HYPERLINK("http://x","y")')
    session = ended.session
    session.vehicle = {"make": "\t@SUM(1)", "model": '-1, "x"'}
    session.save()
    head, row = table(client_of(mechanic))
    assert len(head) == len(row) == 12
    assert row[1:9] == [
        str(ended.id),
        '\'=HYPERLINK("http://x","y")',
        '\'\t@SUM(1) -1, "x"',
        "USD",
        "9.99",
        "0.00",
        "6.99",
        "0.00",
    ]
    assert row[9:] == ["Waits for your summary; Waits for your payout account", "0.00", "0.00"]


def test_a_mechanics_debt_is_on_the_earnings_page_and_in_the_table(
    ended: Story, mechanic: User, reads: Callable[..., str], client_of: ClientOf
) -> None:
    charge(ended)
    Earning.objects.update(borne_cents=999, transferred_cents=699, reversed_cents=699)
    sums = {"earning": Earning.objects.get(), "amount_cents": 699, "account_id": "acct_1", "created_at": NOON}
    sent = Movement.objects.create(kind="transfer", state="done", stripe_id="tr_1", **sums)
    Movement.objects.create(kind="reversal", state="owed", takes_back=sent, offset_cents=200, owed_at=NOON, **sums)
    text = reads(mechanic)
    assert "You owe $4.99: a charge was refunded or taken back" in text
    assert "You owe $4.99 of it" in text
    assert table(client_of(mechanic))[1][10:] == ["0.00", "4.99"]


@pytest.fixture
def sent(ended: Story) -> tuple[Payment, Movement]:
    """The whole share is in the mechanic's account."""
    payment = charge(ended)
    earning = Earning.objects.get()
    Earning.objects.update(transferred_cents=699, awaits_summary=False)
    facts = {"amount_cents": 699, "account_id": "acct_1", "created_at": NOON, "state": "done"}
    return payment, Movement.objects.create(earning=earning, kind="transfer", stripe_id="tr_1", **facts)


def test_what_is_being_taken_back_is_not_on_its_way_to_the_mechanic(
    sent: tuple[Payment, Movement], mechanic: User, reads: Callable[..., str]
) -> None:
    payment, transfer = sent
    refund = {"amount_cents": 300, "borne_by": "mechanic", "state": "issued", "created_at": NOON}
    Refund.objects.create(payment=payment, **refund)
    earnings.advance(payment_id=payment.id, now=NOON)
    assert Movement.objects.get(takes_back=transfer).state == "decided"
    text = reads(mechanic)
    assert "On its way back from your account" in text
    assert "On its way to your account" not in text


def test_a_charge_that_a_bank_took_back_was_not_refunded(
    sent: tuple[Payment, Movement], mechanic: User, reads: Callable[..., str]
) -> None:
    payment, transfer = sent
    Payment.objects.filter(id=payment.id).update(disputed_at=NOON)
    lost = {"amount_cents": 999, "currency": "usd", "reason": "fraudulent", "status": "lost", "outcome": "lost"}
    Dispute.objects.create(payment=payment, stripe_id="du_1", opened_at=NOON, closed_at=NOON, **lost)
    earnings.advance(payment_id=payment.id, now=NOON)
    Movement.objects.filter(takes_back=transfer).update(state="done")
    text = reads(mechanic)
    assert "The customer’s bank took the charge back" in text
    assert "$9.99 refunded or taken back by the customer’s bank" in text
    assert "Refunded to the customer" not in text
    assert "refunded at your expense" not in text


def test_an_earning_that_paid_a_debt_in_full_was_not_paid(
    ended: Story, mechanic: User, reads: Callable[..., str], client_of: ClientOf
) -> None:
    charge(ended)
    Earning.objects.update(transferred_cents=699, awaits_summary=False)
    facts = {"earning": Earning.objects.get(), "amount_cents": 699, "account_id": "acct_1", "created_at": NOON}
    debt = Movement.objects.create(kind="transfer", state="done", **facts)  # of any earlier earning
    debt = Movement.objects.create(kind="reversal", takes_back=debt, state="done", **facts)
    Movement.objects.create(kind="offset", pays_off=debt, state="done", **facts)
    assert table(client_of(mechanic))[1][9:] == ["$6.99 kept for what you owed", "6.99", "0.00"]


def test_mechanics_see_only_their_own_earnings(
    ended: Story, mechanic2: User, customer: User, reads: Callable[..., str], client_of: ClientOf
) -> None:
    charge(ended)
    assert str(ended.id) not in client_of(mechanic2).get(PAGE).content.decode()
    assert NO_EARNINGS in reads(mechanic2)
    assert len(table(client_of(mechanic2))) == 1
    assert client_of(customer).get(TABLE).status_code == 404


def test_the_dashboard_shows_the_earnings_of_the_month(ended: Story, mechanic: User, reads: Callable[..., str]) -> None:
    charge(ended)
    Earning.objects.update(completed_at=timezone.now())
    assert "$6.99 earned this month" in reads(mechanic, "/dashboard/")


def test_a_longer_list_of_earnings_takes_no_more_queries(customer: User, mechanic: User, client_of: ClientOf) -> None:
    client = client_of(mechanic)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.get(PAGE)
        return len(seen)

    def one_more() -> None:
        charge(Story(customer, mechanic).pay().accept().join().start().end(customer))

    one_more()
    few = queries()
    for _ in range(4):
        one_more()
    assert queries() == few


@pytest.mark.parametrize(
    ("changes", "tone", "words", "button"),
    [
        (None, "warn", "hold your earnings", "Set up payouts"),
        ({"requirements_due": ["external_account"]}, "warn", "not finished", "Continue"),
        ({"details_submitted": True}, "warn", "is checking", ""),
        ({"details_submitted": True, "requirements_due": ["x"]}, "bad", "needs more information", "Answer Stripe"),
        ({"details_submitted": True, "transfers_enabled": True}, "warn", "to your bank yet", "Continue"),
        ({"disabled_reason": "rejected.fraud"}, "bad", "has closed", ""),
        (
            {"details_submitted": True, "transfers_enabled": True, "payouts_enabled": True},
            "good",
            "is ready",
            "",
        ),
    ],
)
def test_the_state_of_a_payout_account_is_explained_in_words(
    changes: dict[str, Any] | None, tone: str, words: str, button: str
) -> None:
    account = None if changes is None else PayoutAccount(**changes)
    told = account_in_words(account)
    assert (told[0], told[2]) == (tone, button)
    assert words in told[1]


def test_the_time_that_a_session_has_lost_stands_beside_its_share(
    story: Story, mechanic: User, reads: Callable[..., str]
) -> None:
    story.live().wait(minutes=2).leave(mechanic).wait(seconds=75).join(mechanic).wait(minutes=10).end(story.customer)
    charge(story)
    assert "1 min 15 s given back: you were away." in reads(mechanic)
