"""Issued documents: they never change, have numbers without gaps, and a refund is a document of its own."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from autodoctor.receipts import documents, pdf
from autodoctor.receipts.models import Document, Kind, Series
from autodoctor.receipts.tests.cashier import Cashier
from autodoctor.receipts.tests.test_pdf import words_of
from autodoctor.support.search import session_of_id

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

ClientOf = Callable[["User"], Client]
pytestmark = pytest.mark.django_db


def settled(cashier: Cashier) -> Cashier:
    cashier.live().wait(minutes=31)
    return cashier.bank_acts()


def renames(cashier: Cashier) -> None:
    for person in (cashier.customer, cashier.mechanic):
        person.name, person.email = "Somebody Else", f"else-{person.email}"
        person.save()


def numbers() -> list[str]:
    return [document.number for document in Document.objects.order_by("issued_at", "kind")]


def test_an_issued_receipt_keeps_its_names_and_amounts(cashier: Cashier, client_of: ClientOf) -> None:
    settled(cashier).letters()
    renames(cashier)
    cashier.gives_back(300)
    client = client_of(cashier.customer)
    page = client.get(f"/sessions/{cashier.id}/receipt/").content.decode().split("<article")[1].split("</article>")[0]
    downloaded = words_of(client.get(f"/sessions/{cashier.id}/receipt.pdf").content)
    for shown in (page, downloaded):
        assert "Casey Customer" in shown
        assert "customer@example.com" in shown.replace("<wbr>", "")
        assert "Somebody Else" not in shown
        assert "$9.99 paid" in shown
        assert "R-2026-000001" in shown


def test_mailed_and_downloaded_are_the_same_bytes(cashier: Cashier, client_of: ClientOf) -> None:
    letter = settled(cashier).letters()[-1]
    renames(cashier)
    cashier.customer.time_zone = "Asia/Tokyo"
    cashier.customer.save()
    ((_name, mailed, _kind),) = letter.attachments
    downloaded = client_of(cashier.customer).get(f"/sessions/{cashier.id}/receipt.pdf").content
    assert downloaded == mailed


def test_the_mail_says_what_was_issued(cashier: Cashier) -> None:
    settled(cashier)
    Document.objects.update(content=cashier.issued.content | {"plan": "Plan as issued"})
    assert "is charged for your Plan as issued" in str(cashier.letters()[-1].body)


def test_a_stored_document_cannot_be_saved_again(cashier: Cashier) -> None:
    document = settled(cashier).issued
    document.amount_cents = 1
    with pytest.raises(TypeError, match="R-2026-000001 is issued"):
        document.save()


def test_every_refund_has_a_credit_note_that_names_the_receipt(cashier: Cashier, client_of: ClientOf) -> None:
    settled(cashier)
    cashier.gives_back(300)
    (note,) = documents.after_receipt(cashier.id)
    assert (note.kind, note.number, note.refers_to, note.amount_cents) == (
        Kind.CREDIT_NOTE,
        "C-2026-000001",
        cashier.issued,
        300,
    )
    said = words_of(client_of(cashier.customer).get(f"/sessions/{cashier.id}/documents/{note.id}.pdf").content)
    for words in ("Credit note", "For receipt R-2026-000001", "$3.00 refunded", "for the wait", "Casey Customer"):
        assert words in said


def test_a_refund_before_the_receipt_gets_its_note_with_the_receipt(cashier: Cashier) -> None:
    cashier.live().wait(minutes=20)
    cashier.adds().wait(minutes=26)
    cashier.moves(cashier.payment)
    cashier.gives_back(300)
    assert numbers() == []
    assert cashier.letters()[-1].attachments == []
    cashier.bank_acts()
    assert numbers() == ["C-2026-000001", "R-2026-000001"]


def test_numbers_have_no_gaps_and_begin_anew_each_year(cashier: Cashier) -> None:
    receipt = settled(cashier).issued
    refund = cashier.gives_back(100)
    with pytest.raises(IntegrityError), transaction.atomic():  # a document that fails gives its number back
        documents.issue_credit_note(refund=refund, receipt=receipt, now=cashier.now)
    assert Series.objects.get(kind=Kind.CREDIT_NOTE).last == 1
    next_year = cashier.now + timedelta(days=365)
    Document.objects.filter(kind=Kind.CREDIT_NOTE).delete()
    assert documents.issue_credit_note(refund=refund, receipt=receipt, now=next_year).number == "C-2027-000001"


def test_failed_refund_is_mailed_and_its_credit_note_withdrawn(cashier: Cashier, client_of: ClientOf) -> None:
    settled(cashier)
    refund = cashier.gives_back(300)
    cashier.letters()
    cashier.bounces(refund)
    (letter,) = cashier.letters()
    assert letter.subject == "Your refund of $3.00 did not arrive"
    assert "We still owe you $3.00" in str(letter.body)
    assert "Visa 4242" in str(letter.body)
    ((name, content, _kind),) = letter.attachments
    assert name == "reversal-V-2026-000001.pdf"
    assert isinstance(content, bytes)
    assert "For credit note C-2026-000001" in words_of(content)
    assert [event.kind for event in cashier.events("refund.failed")] == ["refund.failed"]
    page = client_of(cashier.customer).get(f"/sessions/{cashier.id}/receipt/").content.decode()
    assert "the refund did not arrive, so it no longer counts" in page
    assert cashier.receipt.paid_cents == 999


def test_refund_that_fails_at_once_sends_no_mail(cashier: Cashier) -> None:
    settled(cashier).letters()
    refund = cashier.gives_back(300, arrives=False)
    cashier.bounces(refund)
    assert cashier.letters() == []
    assert documents.after_receipt(cashier.id) == []
    assert [event.data["rule"] for event in cashier.events("alert.support")] == ["payment.refund_failed"]


def test_refund_failed_before_its_news_sends_no_mail(cashier: Cashier) -> None:
    settled(cashier).letters()
    refund = cashier.gives_back(300, arrives=False)
    cashier.bounces(refund)
    cashier.hears_of_refund(refund)
    assert cashier.letters() == []


def test_a_stranger_finds_no_document(cashier: Cashier, stranger: "User", client_of: ClientOf) -> None:
    settled(cashier)
    cashier.gives_back(300)
    (note,) = documents.after_receipt(cashier.id)
    address = f"/sessions/{cashier.id}/documents/{note.id}.pdf"
    found = [client_of(who).get(address).status_code for who in (cashier.customer, cashier.mechanic, stranger)]
    assert found == [200, 404, 404]


def test_the_pdf_is_typeset_once(cashier: Cashier) -> None:
    first = pdf.content_of(settled(cashier).issued)
    Document.objects.update(content=cashier.issued.content | {"heading": "other"})
    assert pdf.content_of(cashier.issued) == first


@pytest.mark.parametrize("typed", ["R-2026-000001", "r-2026-1", " C-2026-000001 "])
def test_support_finds_the_session_by_a_number(cashier: Cashier, typed: str) -> None:
    settled(cashier).gives_back(300)
    assert session_of_id(typed) == cashier.id
    assert session_of_id("R-2026-000002") is None
