"""Filters for amounts, durations and lines of text on the dashboards."""

from django import template
from django.template.defaultfilters import linebreaksbr
from django.utils.safestring import SafeString, mark_safe

from autodoctor.payments.formatting import format_cents, format_sums
from autodoctor.sessions.formatting import format_duration

register = template.Library()
register.filter("money", format_cents)
register.filter("span", format_duration)


@register.filter
def sums(by_currency: dict[str, int]) -> str:
    """Return "$9.99 + ¥1,500"; "$0.00" without any."""
    return format_sums(by_currency) or format_cents(0, "usd")


@register.filter
def lines(text: str) -> SafeString:
    """Return the lines; where one is too long, an email address breaks behind its "@" and not within a word."""
    return mark_safe(linebreaksbr(text).replace("@", "@<wbr>"))  # noqa: S308 escaped by linebreaksbr
