"""The currencies that can be charged: their decimals, and the smallest charge that Stripe takes.

Amounts are whole numbers of the smallest unit, called cents in every name, also where a currency has no decimals. A
currency that is missing here is refused where plans are edited: its smallest charge would be a guess. Stripe's table:
docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.
"""

from typing import NamedTuple


class Currency(NamedTuple):
    exponent: int  # decimals: 2 for dollars and cents, 0 for yen
    least_cents: int  # the smallest charge, in the smallest unit
    sign: str = ""


CURRENCIES: dict[str, Currency] = {
    "usd": Currency(2, 50, "$"),
    "eur": Currency(2, 50, "€"),
    "gbp": Currency(2, 30, "£"),
    "aud": Currency(2, 50),
    "brl": Currency(2, 50),
    "cad": Currency(2, 50),
    "chf": Currency(2, 50),
    "czk": Currency(2, 1500),
    "dkk": Currency(2, 250),
    "hkd": Currency(2, 400),
    "huf": Currency(2, 17500),
    "inr": Currency(2, 50),
    "jpy": Currency(0, 50, "¥"),
    "mxn": Currency(2, 1000),
    "myr": Currency(2, 200),
    "nok": Currency(2, 300),
    "nzd": Currency(2, 50),
    "pln": Currency(2, 200),
    "ron": Currency(2, 200),
    "sek": Currency(2, 300),
    "sgd": Currency(2, 50),
    "thb": Currency(2, 1000),
}
CHOICES = [(code, code.upper()) for code in CURRENCIES]


UNLISTED = Currency(2, 50)  # rows from before a currency left the list: they stay readable


def of(currency: str) -> Currency:
    return CURRENCIES.get(currency.lower(), UNLISTED)


def smallest_charge_cents(currency: str) -> int:
    """Return the smallest amount that a card can be charged."""
    return of(currency).least_cents


def chargeable_cents(cents: int, currency: str) -> int:
    """Return what is charged of an amount that is due: nothing where it is too small for a card."""
    return cents if cents >= smallest_charge_cents(currency) else 0
