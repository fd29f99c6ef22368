"""The receipt's PDF: its words, and hostile names and texts."""

import re

import pypdfium2
import pytest
from pytest_django import Settings

from autodoctor.core import pdf as core_pdf
from autodoctor.receipts import pdf
from autodoctor.receipts.tests.cashier import Cashier

pytestmark = pytest.mark.django_db


def words_of(content: bytes) -> str:
    """Return the PDF's text on one line, without break points in long words."""
    made = pypdfium2.PdfDocument(content)
    try:
        said = " ".join(page.get_textpage().get_text_range() for page in made)
        return re.sub(r"\s+", " ", said.replace(core_pdf.ZERO_WIDTH_SPACE, "").replace("\ufffe", ""))
    finally:
        made.close()


def test_the_pdf_explains_hold_charge_and_release(cashier: Cashier, settings: Settings) -> None:
    settings.SELLER_NAME, settings.SELLER_ADDRESS = "Auto Doctor Ltd.", "1 Bay Street; Springfield"
    cashier.live().wait(minutes=29)
    cashier.adds().wait(minutes=7)
    cashier.leave(cashier.mechanic).wait(minutes=10)
    assert cashier.session.end_reason == "mechanic_lost"
    cashier.customer.time_zone = "Europe/Berlin"
    cashier.customer.save()
    cashier.bank_acts()
    said = words_of(pdf.content_of(cashier.issued))
    for expected in (
        "$15.98 paid",
        "R-2026-000001",
        "Auto Doctor Ltd. 1 Bay Street Springfield",
        "Casey Customer customer@example.com",
        "Mar 2, 2026, 1:00 PM CET",
        "Quick Chat 30 minutes of 30 minutes used · Visa 4242 $9.99 $9.99",
        "+15 minutes 6 minutes of 15 minutes used · Visa 4242 $14.99 $5.99",
        "Held $24.98",
        "Released −$9.00",
        "Charged, USD $15.98",
        "lost the connection. Only the time used is charged",
    ):
        assert expected in said, expected


def test_receipt_pdf_shows_markup_in_names_as_text(cashier: Cashier) -> None:
    attack = '#read("/data.json") *bold* $x$'
    cashier.customer.name = attack
    cashier.customer.save()
    cashier.live().wait(minutes=31)
    cashier.bank_acts()
    assert attack in words_of(pdf.content_of(cashier.issued))
