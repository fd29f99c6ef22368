"""How the dashboards write amounts and spans of time."""

from django import template
from django.utils.translation import ngettext

register = template.Library()

SIGNS = {"usd": "$", "eur": "€", "gbp": "£"}


@register.filter
def money(cents: int, currency: str) -> str:
    """999, "usd" → "$9.99"; a currency without a sign here is named by its code."""
    amount = f"{cents // 100:,}.{cents % 100:02d}"
    sign = SIGNS.get(currency.lower())
    return f"{sign}{amount}" if sign else f"{amount} {currency.upper()}"


@register.filter
def minutes(seconds: int) -> str:
    """1800 → "30 minutes"; under a minute, seconds."""
    if seconds < 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    whole = round(seconds / 60)
    return ngettext("%(count)d minute", "%(count)d minutes", whole) % {"count": whole}
