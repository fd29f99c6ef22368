"""The receipt's page: access, time and contents."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from autodoctor.payments.models import Payment
from autodoctor.receipts import pdf
from autodoctor.receipts.tests.cashier import Cashier
from autodoctor.receipts.tests.test_pdf import words_of

if TYPE_CHECKING:
    from autodoctor.accounts.models import User

ClientOf = Callable[["User"], Client]
pytestmark = pytest.mark.django_db


def status(client: Client, cashier: Cashier, part: str = "receipt/") -> int:
    return client.get(f"/sessions/{cashier.id}/{part}").status_code


def reads(client: Client, cashier: Cashier) -> str:
    page = client.get(f"/sessions/{cashier.id}/receipt/").content.decode()
    return " ".join(page.split("<article")[1].split("</article>")[0].split())


def whole(client: Client, cashier: Cashier) -> str:
    """Return the receipt and what happened since."""
    return " ".join(client.get(f"/sessions/{cashier.id}/receipt/").content.decode().split())


@pytest.mark.parametrize("part", ["receipt/", "receipt.pdf"])
def test_receipt_opens_for_customer_and_support_only(
    cashier: Cashier, stranger: "User", support: "User", client_of: ClientOf, part: str
) -> None:
    cashier.live()
    assert status(client_of(cashier.customer), cashier, part) == 404
    cashier.wait(minutes=31)
    cashier.bank_acts()
    found = {
        who: status(client_of(who), cashier, part) for who in (cashier.customer, support, cashier.mechanic, stranger)
    }
    assert list(found.values()) == [200, 200, 404, 404]


def test_names_are_text_and_an_address_breaks_behind_its_sign(cashier: Cashier, client_of: ClientOf) -> None:
    cashier.customer.name = "<i>Casey</i> & Co"
    cashier.customer.save()
    cashier.live().wait(minutes=5).end(cashier.mechanic)
    shown = reads(client_of(cashier.customer), cashier)
    assert "&lt;i&gt;Casey&lt;/i&gt; &amp; Co<br>customer@<wbr>example.com" in shown


def test_session_without_a_hold_has_no_receipt_page(cashier: Cashier, client_of: ClientOf) -> None:
    cashier.wait(minutes=60)
    assert status(client_of(cashier.customer), cashier) == 404


def test_a_receipt_has_no_pdf_before_it_is_final(cashier: Cashier, client_of: ClientOf) -> None:
    client = client_of(cashier.customer)
    cashier.live().wait(minutes=5).end(cashier.mechanic)
    shown = reads(client, cashier)
    assert "$9.99 held" in shown
    assert "Nothing is charged yet." in shown
    assert status(client, cashier, "receipt.pdf") == 404
    cashier.wait(minutes=24 * 60 + 1)
    assert "We are notifying your bank" in reads(client, cashier)
    assert status(client, cashier, "receipt.pdf") == 404
    cashier.bank_acts()
    assert "We are notifying your bank" not in reads(client, cashier)
    assert status(client, cashier, "receipt.pdf") == 200


def test_a_receipt_lists_each_part_and_its_refunds(cashier: Cashier, client_of: ClientOf) -> None:
    cashier.live().wait(minutes=20)
    cashier.adds().wait(minutes=26)
    cashier.bank_acts().gives_back(500)
    shown = whole(client_of(cashier.customer), cashier)
    for words in (
        "$24.98 paid",
        "+15 minutes",
        "15 minutes of 15 minutes used",
        "−$5.00",
        "Credit note",
        "C-2026-000001",
        "Paid in the end, USD</dt> <dd>$19.98",
        "lasted its full time",
        "Visa 4242",
    ):
        assert words in shown
    Payment.objects.filter(owner_id=cashier.id).update(disputed_at=cashier.now)
    assert "This charge is disputed" in whole(client_of(cashier.customer), cashier)


def test_the_receipt_is_linked_from_the_session_and_the_dashboard(cashier: Cashier, client_of: ClientOf) -> None:
    cashier.live().wait(minutes=31)
    cashier.bank_acts()
    link = f'href="/sessions/{cashier.id}/receipt/"'
    for path in (f"/sessions/{cashier.id}/", "/dashboard/"):
        assert link in client_of(cashier.customer).get(path).content.decode()
        assert link not in client_of(cashier.mechanic).get(path).content.decode()


def test_money_too_little_for_a_card_is_given_up(cashier: Cashier, client_of: ClientOf) -> None:
    cashier.live().wait(minutes=1).leave(cashier.mechanic).wait(minutes=6)
    cashier.bank_acts()
    shown = reads(client_of(cashier.customer), cashier)
    assert "$0.00 paid" in shown
    assert "Cards cannot be charged less than $0.50. We do not charge smaller amounts." in shown


def test_page_pdf_and_mail_say_how_much_time_was_lost(cashier: Cashier, client_of: ClientOf) -> None:
    cashier.live().wait(minutes=5).leave(cashier.mechanic).wait(seconds=50).join(cashier.mechanic)
    cashier.wait(minutes=1).leave(cashier.customer).wait(minutes=5).join(cashier.customer).wait(minutes=60)
    cashier.bank_acts()
    lost = [
        "50 s given back: Morgan Mechanic was away. 3 min given back: you were away. "
        "2 min not given back: you were away for too long."
    ]
    assert cashier.issued.content["notes"] == lost
    assert lost[0] in reads(client_of(cashier.customer), cashier)
    assert lost[0] in " ".join(words_of(pdf.content_of(cashier.issued)).split())
    (sent,) = (letter for letter in cashier.letters() if letter.subject.startswith("Your receipt"))
    assert lost[0] in " ".join(str(sent.body).split())
