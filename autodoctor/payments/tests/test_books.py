"""The books: totals that explain each other, and rows that do not."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from autodoctor.accounts.models import User
from autodoctor.payments.books import KEPT_SECONDS, Totals, recent_totals, totals, unexplained
from autodoctor.payments.models import Dispute, Earning, Movement, Payment, Refund

pytestmark = [pytest.mark.django_db, pytest.mark.on_postgres]


@pytest.fixture
def books(payment: Payment, mechanic: User, now: datetime) -> Earning:
    """A charge of 2,999, of which 999 is refunded at the mechanic's expense; 699 is owed, of which 200 is kept."""
    Payment.objects.filter(id=payment.id).update(state="captured", captured_cents=2999, intent_id="pi_1")
    Refund.objects.create(
        payment=payment, amount_cents=999, reason="-", borne_by="mechanic", state="issued", created_at=now
    )
    earning = Earning.objects.create(
        payment=payment,
        mechanic=mechanic,
        share_percent=70,
        gross_cents=2999,
        borne_cents=999,
        transferred_cents=2099,
        reversed_cents=699,
        settled=True,
        completed_at=now,
        payable_at=now,
        awaits_summary=False,
        created_at=now,
    )
    facts: dict[str, Any] = {"earning": earning, "account_id": "acct_1", "created_at": now}
    sent = Movement.objects.create(kind="transfer", amount_cents=1899, state="done", **facts)
    owed = {"takes_back": sent, "offset_cents": 200, "state": "owed", "owed_at": now}
    debt = Movement.objects.create(kind="reversal", amount_cents=699, **owed, **facts)
    Movement.objects.create(kind="offset", amount_cents=200, state="done", pays_off=debt, **facts)
    return earning


def test_every_cent_is_somewhere(books: Earning, now: datetime) -> None:
    dispute = {"amount_cents": 300, "currency": "usd", "reason": "-", "status": "lost", "opened_at": now}
    Dispute.objects.create(payment=books.payment, stripe_id="du_1", outcome="lost", **dispute)
    found = totals()["usd"]
    assert found == Totals(charged=2999, refunded=999, lost=300, earned=1400, sent=1899, waiting=0, owed=499)
    assert found.earned == found.sent + found.waiting - found.owed
    assert unexplained() == []


def test_the_page_reads_totals_that_are_some_minutes_old_at_most(
    books: Earning, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = recent_totals(now)
    assert (first.totals, first.at) == (totals(), now)
    Earning.objects.filter(pk=books.pk).update(borne_cents=0, settled=False)
    assert recent_totals(now + timedelta(minutes=9)) == first
    clock = time.time() + KEPT_SECONDS
    monkeypatch.setattr("autodoctor.rates.cache.time.time", lambda: clock)
    later = now + timedelta(seconds=KEPT_SECONDS)
    assert (recent_totals(later).totals, recent_totals(later).at) == (totals(), later)
    assert totals() != first.totals


@pytest.mark.parametrize(
    ("table", "changes", "what"),
    [
        ("payment", "captured_cents = 0", "charged"),
        ("payment", "state = 'released'", "charged"),
        ("refund", "amount_cents = 3000", "refunded"),
        ("earning", "gross_cents = 3100", "earned"),
        ("earning", "currency = 'jpy'", "currency"),
        ("earning", "reversed_cents = 799", "settled"),
        ("earning", "reversed_cents = 799", "moved"),
        ("movement", "amount_cents = amount_cents + 1 WHERE kind = 'transfer'", "moved"),
        ("movement", "offset_cents = 0", "kept"),
    ],
)
def test_books_name_the_sum_that_does_not_add_up(books: Earning, table: str, changes: str, what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE payments_{table} SET {changes}")
    found = unexplained()
    assert what in {each.of for each in found}
    assert {(each.what, each.payment_id) for each in found} == {("unexplained", str(books.payment_id))}
