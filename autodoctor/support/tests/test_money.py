"""The page of money that stands still: what it lists, and trying many again at once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from autodoctor.accounts.models import User
from autodoctor.payments.models import Earning, Movement, Payment
from autodoctor.payments.standstills import find
from autodoctor.scheduler.models import Job
from autodoctor.sessions.tests.story import Story
from autodoctor.support.models import StaffAction
from autodoctor.support.web import money_views

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def stuck(story: Story) -> Payment:
    """A charge that was decided two hours ago, and whose job is gone."""
    now = timezone.now()
    Payment.objects.filter(id=story.payment.id).update(
        state="authorised",
        authorized_at=now - 60 * HOUR,
        capture_before=now + 30 * HOUR,
        due_cents=999,
        decided_at=now - 2 * HOUR,
    )
    return Payment.objects.get(id=story.payment.id)


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_the_money_page_says_that_there_is_no_standstill(desk: Client) -> None:
    assert "Everything has moved as it should" in words(desk.get("/support/money/"))


def test_a_charge_that_did_not_happen_is_listed_and_tried_again(
    stuck: Payment, story: Story, desk: Client, support: User
) -> None:
    text = words(desk.get("/support/money/"))
    assert "Charge" in text
    assert "$9.99" in text
    assert "The hold is about to end" in text
    answer = desk.post("/support/money/", {"name": [f"capture:{stuck.id}"]}, follow=True)
    assert "1 is tried again now." in words(answer)
    assert Job.objects.get(kind="payment.capture").key == str(stuck.id)
    action = StaffAction.objects.get()
    assert (action.kind, action.subject, action.by) == ("job.retried", f"payment.capture {stuck.id}", support)
    (event,) = story.events("support.job_retried")
    assert (event.data["kind"], event.actor_id) == ("payment.capture", support.id)


def test_retrying_no_standstill_or_a_settled_one_is_explained(stuck: Payment, desk: Client) -> None:
    assert "Choose what to try again" in words(desk.post("/support/money/", follow=True))
    Payment.objects.update(state="captured", due_cents=None)
    answer = desk.post("/support/money/", {"name": [f"capture:{stuck.id}", "nonsense"]}, follow=True)
    assert "0 are tried again now. The others have moved meanwhile" in words(answer)
    assert not Job.objects.filter(kind="payment.capture").exists()


def test_a_mechanics_debt_is_listed_and_asked_for_again(
    stuck: Payment, desk: Client, mechanic: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    Payment.objects.filter(id=stuck.id).update(state="captured", captured_cents=999, closed_at=now)
    earning = Earning.objects.create(
        payment=stuck,
        mechanic=mechanic,
        share_percent=70,
        gross_cents=999,
        borne_cents=999,
        transferred_cents=699,
        reversed_cents=699,
        completed_at=now,
        payable_at=now,
        awaits_summary=False,
        created_at=now,
    )
    facts = {"earning": earning, "amount_cents": 699, "account_id": "acct_1", "created_at": now - 80 * HOUR}
    sent = Movement.objects.create(kind="transfer", state="done", stripe_id="tr_1", **facts)
    debt = Movement.objects.create(kind="reversal", state="owed", takes_back=sent, owed_at=now, **facts)
    text = words(desk.get("/support/money/"))
    assert "What mechanics owe" in text
    assert f"{mechanic.name} The mechanic The session" in text
    assert "Owed by mechanics $6.99" in text
    assert "oldest of" not in text
    with monkeypatch.context() as changed:
        changed.setattr(money_views, "MOST_SHOWN", 1)
        again = Movement.objects.create(
            kind="reversal", state="owed", takes_back=sent, owed_at=now, **facts | {"amount_cents": 1}
        )
        assert "The 1 oldest of 2." in words(desk.get("/support/money/"))
        again.delete()
    answer = desk.post("/support/money/", {"debt": [str(debt.id), "nonsense"]}, follow=True)
    assert "1 is tried again now." in words(answer)
    debt.refresh_from_db()
    assert (debt.state, Job.objects.get(kind="earning.move").key) == ("decided", str(debt.id))
    assert not find(now)  # the debt is old, the question is new
