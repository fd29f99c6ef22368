"""Currencies: their decimals, and the smallest charge."""

import pytest

from autodoctor.payments import currencies
from autodoctor.payments.formatting import format_cents, format_sums, plain_amount
from autodoctor.payments.models import Payment


@pytest.mark.parametrize(
    ("cents", "currency", "words"),
    [
        (999, "usd", "$9.99"),
        (123456, "USD", "$1,234.56"),
        (1500, "jpy", "¥1,500"),
        (2999, "sek", "29.99 SEK"),
        (-1000, "usd", "−$10.00"),
        (-1000, "sek", "−10.00 SEK"),
        (100, "xyz", "1.00 XYZ"),  # an old row
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(cents: int, currency: str, words: str) -> None:
    assert format_cents(cents, currency) == words


@pytest.mark.parametrize(("currency", "text"), [("usd", "1234.50"), ("jpy", "123450")])
def test_a_plain_amount(currency: str, text: str) -> None:
    assert plain_amount(123450, currency) == text


def test_amounts_of_two_currencies_are_not_added() -> None:
    assert format_sums({"usd": 999, "jpy": 1500}) == "¥1,500 + $9.99"


@pytest.mark.parametrize(
    ("currency", "due", "charged"),
    [("usd", 49, 0), ("usd", 50, 50), ("gbp", 30, 30), ("jpy", 49, 0), ("sek", 299, 0), ("sek", 300, 300)],
)
def test_the_smallest_charge_follows_the_currency(currency: str, due: int, charged: int) -> None:
    assert currencies.chargeable_cents(due, currency) == charged
    assert Payment(currency=currency, due_cents=due).to_capture_cents == charged


def test_every_code_is_in_small_letters() -> None:
    assert all(code == code.lower() and len(code) == 3 for code in currencies.CURRENCIES)
