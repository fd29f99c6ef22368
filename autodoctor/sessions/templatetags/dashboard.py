"""Filters for amounts and durations on the dashboards."""

from django import template

from autodoctor.payments.formatting import format_cents, format_sums
from autodoctor.sessions.formatting import format_duration

register = template.Library()
register.filter("money", format_cents)
register.filter("span", format_duration)


@register.filter
def sums(by_currency: dict[str, int]) -> str:
    """Return "$9.99 + ¥1,500"; "$0.00" without any."""
    return format_sums(by_currency) or format_cents(0, "usd")
