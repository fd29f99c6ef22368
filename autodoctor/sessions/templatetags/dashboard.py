"""How the dashboards write amounts and spans of time."""

from django import template

from autodoctor.payments.formatting import money
from autodoctor.sessions.formatting import span

register = template.Library()
register.filter("money", money)
register.filter("span", span)
