"""Attacks on earnings: reading or moving another person's earnings, and formulas in the CSV file."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments import stripe
from autodoctor.payments.models import Earning, Payment, PayoutAccount
from autodoctor.room.tests.live_session import live_session
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import State

ClientOf = Callable[[User], Client]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "|calc", "%0a=1", "\uff1d1"]


@pytest.fixture
def session(customer: User, mechanic: User) -> Session:
    """A session that is over, charged, and earned by the mechanic."""
    now = timezone.now()
    made = live_session(customer, mechanic, state=State.COMPLETED)
    payment = Payment.objects.create(
        owner_id=made.id,
        payer=customer,
        purpose="extension",
        description="+15 minutes",
        state="captured",
        amount_cents=4321,
        captured_cents=4321,
        seconds=900,
        created_at=now,
    )
    Earning.objects.create(
        payment=payment,
        mechanic=mechanic,
        share_percent=70,
        gross_cents=4321,
        completed_at=now - timedelta(seconds=1),
        payable_at=now - timedelta(seconds=1),
        awaits_summary=False,
        created_at=now,
    )
    return made


def read(client: Client, path: str) -> str:
    async def whole() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    answer: Any = client.get(path)
    assert answer.status_code == 200
    return (async_to_sync(whole)() if answer.streaming else answer.content).decode()


def test_earnings_of_a_mechanic_are_not_shown_to_another(
    session: Session, mechanic: User, mechanic2: User, client_of: ClientOf
) -> None:
    for path in ("/dashboard/earnings/", "/dashboard/earnings.csv"):
        for asked in (path, f"{path}?mechanic={mechanic.id}", f"{path}?user={mechanic.id}"):
            theirs = read(client_of(mechanic2), asked)
            assert str(session.id) not in theirs
            assert "30.24" not in theirs
        assert "30.24" in read(client_of(mechanic), path)


def test_only_mechanics_have_an_earnings_page(
    session: Session, customer: User, support: User, client_of: ClientOf
) -> None:
    for person in (customer, support):
        client = client_of(person)
        for path in ("/dashboard/earnings/", "/dashboard/earnings.csv", "/dashboard/earnings/account/done/"):
            assert client.get(path).status_code == 404
        assert client.post("/dashboard/earnings/account/").status_code == 404
    assert not PayoutAccount.objects.exists()


def test_the_return_from_stripe_looks_at_ones_own_payout_account_only(
    mechanic: User, mechanic2: User, client_of: ClientOf
) -> None:
    now = timezone.now()
    PayoutAccount.objects.create(user=mechanic, stripe_id="acct_1", created_at=now, checked_at=now)
    with mock.patch.object(stripe, "account") as asked:
        answer = client_of(mechanic2).get("/dashboard/earnings/account/done/?account=acct_1")
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/earnings/")
    assert not asked.called


def test_opening_a_payout_account_needs_a_csrf_token(mechanic: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mechanic)
    with mock.patch.object(stripe, "create_account") as asked:
        assert client.post("/dashboard/earnings/account/").status_code == 403
    assert not asked.called


@pytest.mark.parametrize("typed", FORMULAS, ids=repr)
def test_a_customers_text_is_no_formula_in_the_earnings_table(
    session: Session, mechanic: User, client_of: ClientOf, typed: str
) -> None:
    session.vehicle = {"make": typed, "model": "V60"}
    session.save()
    Payment.objects.update(description=typed)
    table = read(client_of(mechanic), "/dashboard/earnings.csv")
    cells = [cell.strip('"') for cell in table.replace("\r\n", ",").split(",")]
    assert not [cell for cell in cells if cell.strip().startswith(("=", "+", "-", "@", "|", "%", "\uff1d"))]


@pytest.mark.parametrize("month", ["", "2026-00", "9999-99", "2026-1'", "../../etc", "\x00", "2026-11\n"])
def test_an_invalid_month_does_not_break_the_earnings_page(
    session: Session, mechanic: User, client_of: ClientOf, month: str
) -> None:
    for path in ("/dashboard/earnings/", "/dashboard/earnings.csv"):
        assert client_of(mechanic).get(path, {"month": month}).status_code == (200 if month == "" else 404)
