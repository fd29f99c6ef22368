"""The words of a rule, for whoever shows what it told."""

from django import template

from autodoctor.sessions.rules import RULES

register = template.Library()


@register.filter
def rule_words(name: str) -> str:
    """What has happened, in words; the name itself of a rule that this release does not know."""
    return str(RULES[name].words) if name in RULES else name
