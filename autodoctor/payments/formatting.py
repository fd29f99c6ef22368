"""Format cents for people."""

SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}


def format_cents(cents: int, currency: str) -> str:
    """Format 999, "usd" as "$9.99"; a currency without a known sign is named by its code."""
    amount = f"{cents // 100:,}.{cents % 100:02d}"
    sign = SIGNS.get(currency.lower())
    return f"{sign}{amount}" if sign else f"{amount} {currency.upper()}"
