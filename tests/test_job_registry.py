"""Facts reach the sessions they are about."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from autodoctor.accounts.models import User
from autodoctor.job_registry import HANDLERS, in_one_table
from autodoctor.mail.queue import MailJob
from autodoctor.payments import ledger
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Earning, Movement, Payment
from autodoctor.scheduler.handlers import JobKind, parked
from autodoctor.scheduler.models import Job
from autodoctor.sessions.tests.story import Story

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def story(customer: User, mechanic: User) -> Story:
    return Story(customer, mechanic)


def react(kind: str, story: Story, **payload: object) -> None:
    facts = {"owner_id": str(story.id), "purpose": "booking", "payment_id": str(story.payment.id), **payload}
    HANDLERS[kind].run(Job(kind=kind, key=str(story.payment.id), due_at=NOW, payload=facts), NOW)


@pytest.mark.django_db
def test_a_held_booking_is_admitted_to_the_queue(story: Story) -> None:
    react("payment.authorised", story)
    assert story.session.state == "requested"


@pytest.mark.django_db
def test_the_customer_reads_what_became_of_the_money_and_the_mechanic_does_not(story: Story) -> None:
    react("payment.captured", story)
    Payment.objects.filter(id=story.payment.id).update(state=Payment.State.CAPTURED, captured_cents=999)
    refund = ledger.refund(payment_id=story.payment.id, amount_cents=100, reason="", now=NOW)
    react("payment.refunded", story, refund_id=str(refund.id))
    told = story.events("payment.captured", "refund.issued")
    assert [event.audience for event in told] == ["customer", "customer"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind",
    [
        "payment.mismatch",
        "payment.refused",
        "payment.disputed",
        "payment.fraud_warning",
        "payment.refund_failed",
        "payment.stands_still",
        "payment.hold_ends",
        "payment.owed",
    ],
)
def test_support_is_alerted_and_told_of_what(story: Story, kind: str) -> None:
    react(kind, story, refund_id=str(uuid4()))
    (alert,) = story.events("alert.support")
    assert (alert.audience, alert.data["rule"]) == ("support", kind)
    assert story.session.state == "draft"


@pytest.mark.django_db
def test_the_end_of_a_dispute_stands_in_the_history_for_support(story: Story) -> None:
    charge = {"amount_cents": 999, "currency": "usd", "reason": "fraudulent"}
    react("payment.dispute_closed", story, dispute_id="du_1", outcome="lost", **charge)
    (told,) = story.events("payment.dispute_closed")
    assert (told.audience, told.data["outcome"]) == ("support", "lost")


@pytest.mark.django_db
def test_support_is_alerted_when_a_charge_is_given_up(story: Story) -> None:
    parked.send(Job, job=Job(kind="payment.capture", key=str(story.payment.id), session_id=story.id, due_at=NOW))
    parked.send(Job, job=Job(kind="mail.send", key="some mail", due_at=NOW))
    (alert,) = story.events("alert.support")
    assert (
        alert.data.items()
        >= {"rule": "job.parked", "kind": "payment.capture", "payment_id": str(story.payment.id)}.items()
    )


@pytest.mark.django_db
def test_support_is_alerted_when_a_deadline_or_a_reaction_is_given_up(story: Story) -> None:
    parked.send(Job, job=Job(kind="session.unpaid", key=str(story.id), session_id=story.id, due_at=NOW))
    key = str(story.payment.id)
    parked.send(Job, job=Job(kind="payment.authorised", key=key, session_id=story.id, due_at=NOW))
    parked.send(Job, job=Job(kind="payment.forget_card", key="cus_1", due_at=NOW))  # about no session
    assert [alert.data["kind"] for alert in story.events("alert.support")] == ["session.unpaid", "payment.authorised"]
    assert story.events("alert.support")[0].data == {
        "rule": "job.parked", "kind": "session.unpaid", "minutes": 0.0,
        "session_id": str(story.id), "customer": str(story.customer.id), "mechanic": None,
    }  # fmt: skip


@pytest.mark.django_db
def test_support_is_alerted_when_a_refund_is_given_up(story: Story) -> None:
    Payment.objects.filter(id=story.payment.id).update(state=Payment.State.CAPTURED, captured_cents=999)
    refund = ledger.refund(payment_id=story.payment.id, amount_cents=100, reason="", now=NOW)
    parked.send(Job, job=Job(kind="payment.refund", key=str(refund.id), session_id=story.id, due_at=NOW))
    (alert,) = story.events("alert.support")
    assert (
        alert.data.items()
        >= {"rule": "job.parked", "kind": "payment.refund", "payment_id": str(story.payment.id)}.items()
    )


@pytest.mark.django_db
def test_support_is_alerted_when_a_mail_about_a_session_is_given_up(story: Story) -> None:
    mail = {"template": "sessions/mail/accepted", "context": {}}
    parked.send(Job, job=Job(kind="mail.send", key="1", session_id=story.id, due_at=NOW, payload=mail))
    parked.send(Job, job=Job(kind="mail.send", key="2", due_at=NOW, payload=mail))
    (alert,) = story.events("alert.support")
    assert alert.audience == "support"
    assert (
        alert.data.items() >= {"rule": "job.parked", "kind": "mail.send", "template": "sessions/mail/accepted"}.items()
    )


@pytest.mark.django_db
def test_support_is_alerted_when_a_transfer_is_given_up(story: Story, mechanic: User) -> None:
    earning = Earning.objects.create(
        payment=story.payment,
        mechanic=mechanic,
        share_percent=70,
        gross_cents=999,
        transferred_cents=699,
        completed_at=NOW,
        payable_at=NOW,
        awaits_summary=False,
        created_at=NOW,
    )
    sent = Movement.objects.create(
        earning=earning, kind="transfer", amount_cents=699, account_id="acct_1", created_at=NOW
    )
    parked.send(Job, job=Job(kind="earning.move", key=str(sent.id), session_id=story.id, due_at=NOW))
    (alert,) = story.events("alert.support")
    facts = {"rule": "job.parked", "kind": "earning.move", "payment_id": str(story.payment.id)}
    assert alert.data.items() >= facts.items()


@pytest.mark.django_db
def test_an_alert_that_reaches_nobody_raises_no_other(story: Story) -> None:
    parked.send(Job, job=Job(kind="alert.untaken", key=f"{story.id}:1", session_id=story.id, due_at=NOW))
    assert not story.events("alert.support")


def test_every_kind_of_job_has_a_handler() -> None:
    kinds = {kind for family in JobKind.__subclasses__() if ".tests." not in family.__module__ for kind in family}
    assert {PaymentJob.CAPTURE, MailJob.SEND} <= kinds <= HANDLERS.keys()


def test_no_two_capabilities_claim_one_kind() -> None:
    with pytest.raises(ValueError, match=r"two handlers for mail\.send"):
        in_one_table({"mail.send": HANDLERS["mail.send"]}, {"mail.send": HANDLERS["push.send"]})
