"""Cents as people read them."""

SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}


def format_cents(cents: int, currency: str) -> str:
    """999, "usd" → "$9.99"; a currency without a sign here is named by its code."""
    amount = f"{cents // 100:,}.{cents % 100:02d}"
    sign = SIGNS.get(currency.lower())
    return f"{sign}{amount}" if sign else f"{amount} {currency.upper()}"
