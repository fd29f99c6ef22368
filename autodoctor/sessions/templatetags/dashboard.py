"""How the dashboards write amounts and spans of time."""

from django import template

from autodoctor.payments.words import money
from autodoctor.sessions.words import span

register = template.Library()
register.filter("money", money)
register.filter("span", span)
