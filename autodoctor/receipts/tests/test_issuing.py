"""Receipt and refund mails: sent once, after the money is settled."""

import pytest

from autodoctor.payments.models import Payment
from autodoctor.receipts.tests.cashier import Cashier
from autodoctor.receipts.tests.test_pdf import words_of
from autodoctor.scheduler.handlers import parked
from autodoctor.scheduler.models import Job

pytestmark = pytest.mark.django_db


def waiting() -> int:
    return Job.objects.filter(kind="receipt.mail").count()


def test_a_receipt_waits_for_the_last_payment_and_is_sent_once(cashier: Cashier) -> None:
    cashier.live().wait(minutes=20)
    cashier.adds().wait(minutes=26)
    booking, extension = Payment.objects.filter(owner_id=cashier.id).order_by("created_at")
    cashier.moves(booking)
    assert waiting() == 0
    cashier.moves(extension)
    assert waiting() == 1
    letters = cashier.letters()
    for payment in (booking, extension, booking):  # the same news again
        cashier.hears_of(payment)
    assert waiting() == 0
    assert len(cashier.events("receipt.issued")) == 1
    receipt = letters[-1]
    for words in (
        "$24.98 is charged for your Quick Chat.",
        "Quick Chat: $9.99 of $9.99",
        "+15 minutes: $14.99 of $14.99",
    ):
        assert words in str(receipt.body)


def test_nothing_while_the_customer_is_asked(cashier: Cashier) -> None:
    cashier.live().wait(minutes=5).end(cashier.mechanic)
    cashier.bank_acts()
    assert waiting() == 0


def test_unpaid_session_gets_no_receipt(cashier: Cashier) -> None:
    cashier.wait(minutes=60)
    cashier.bank_acts()
    assert cashier.session.end_reason == "unpaid"
    assert waiting() == 0


def test_an_extension_that_came_too_late_is_released_and_said_so(cashier: Cashier) -> None:
    cashier.live().wait(minutes=20)
    cashier.adds_too_late()
    cashier.end(cashier.customer)
    cashier.bank_acts()
    receipt = cashier.letters()[-1]
    assert "+15 minutes: $0.00 of $14.99" in str(receipt.body)
    assert "paid too late is not charged" in str(receipt.body)


def test_refund_mail_carries_the_credit_note(cashier: Cashier) -> None:
    cashier.live().wait(minutes=31)
    cashier.bank_acts().letters()
    cashier.gives_back(300)
    (letter,) = cashier.letters()
    assert letter.subject == "We refunded $3.00"
    assert "$3.00 of the $9.99 charged for your Quick Chat" in str(letter.body)
    assert "Visa 4242" in str(letter.body)
    assert "5 to 10 days" in str(letter.body)
    ((name, content, _kind),) = letter.attachments
    assert name == "credit-note-C-2026-000001.pdf"
    assert isinstance(content, bytes)
    assert "For receipt R-2026-000001" in words_of(content)
    assert (cashier.receipt.refunded_cents, cashier.receipt.paid_cents) == (300, 699)
    assert [event.kind for event in cashier.events("refund.issued")] == ["refund.issued"]


def test_the_pdf_is_in_the_customers_zone(cashier: Cashier) -> None:
    cashier.customer.time_zone = "Asia/Tokyo"
    cashier.customer.save()
    cashier.live().wait(minutes=31)
    cashier.bank_acts()
    letter = cashier.letters()[-1]
    ((_name, content, _kind),) = letter.attachments
    assert isinstance(content, bytes)
    assert "JST" in words_of(content)


def test_undeliverable_receipt_alerts_support(cashier: Cashier) -> None:
    cashier.live().wait(minutes=31)
    cashier.bank_acts()
    parked.send(Job, job=Job.objects.get(kind="receipt.mail"))
    (alert,) = cashier.events("alert.support")
    assert alert.data.items() >= {"rule": "job.parked", "kind": "receipt.mail"}.items()
