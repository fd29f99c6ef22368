"""Prices of parts, as typed in the currency of their session."""

import pytest

from autodoctor.summaries.forms import PartForm


def part(price: str, currency: str) -> PartForm:
    return PartForm({"name": "Battery", "quantity": "1", "price": price}, currency=currency)


@pytest.mark.parametrize(
    ("price", "currency", "cents"), [("24,50", "usd", 2450), ("1,500", "jpy", 1500), ("1500", "jpy", 1500)]
)
def test_a_price_is_read_with_the_decimals_of_its_currency(price: str, currency: str, cents: int) -> None:
    form = part(price, currency)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["price"] == cents


def test_yen_have_no_cents() -> None:
    assert "This currency has no cents." in str(part("15.50", "jpy").errors["price"])
