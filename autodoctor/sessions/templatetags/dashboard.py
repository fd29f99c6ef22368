"""Filters for amounts and durations on the dashboards."""

from django import template

from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.formatting import format_duration

register = template.Library()
register.filter("money", format_cents)
register.filter("span", format_duration)
