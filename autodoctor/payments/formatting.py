"""Format amounts for people."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from autodoctor.payments import currencies


def format_cents(cents: int, currency: str) -> str:
    """Format 999, "usd" as "$9.99" and 1500, "jpy" as "¥1,500"; a currency without a sign is named by its code.

    Less than nothing begins with its minus: after a refund and a lost dispute a customer has paid so much.
    """
    decimals, _least, sign = currencies.of(currency)
    amount, minus = f"{abs(cents) / 10**decimals:,.{decimals}f}", "−" if cents < 0 else ""
    return minus + (f"{sign}{amount}" if sign else f"{amount} {currency.upper()}")


def plain_amount(cents: int, currency: str) -> str:
    """Format 123450, "usd" as "1234.50", as forms and tables take it."""
    decimals = currencies.of(currency).exponent
    return f"{cents / 10**decimals:.{decimals}f}"


def format_sums(sums: Mapping[str, int]) -> str:
    """Format sums by currency, which cannot be added: "$9.99 + ¥1,500"; empty without any."""
    return " + ".join(format_cents(cents, currency) for currency, cents in sorted(sums.items()))


def too_small_to_charge(currency: str) -> str:
    """Return why an amount is not charged although it is due."""
    least = format_cents(currencies.smallest_charge_cents(currency), currency)
    return _("Cards cannot be charged less than %(least)s. We do not charge smaller amounts.") % {"least": least}
