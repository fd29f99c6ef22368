"""The words of a rule for templates."""

from django import template

from autodoctor.sessions.rules.table import rule_of_kind

register = template.Library()
register.filter("rule_words", rule_of_kind)
