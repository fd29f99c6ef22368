"""The words of rules, for pages that show their events."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from autodoctor.scheduler.handlers import handler_of
from autodoctor.sessions.rules.rule import Tell
from autodoctor.sessions.rules.table import RULES, rule_of_kind

register = template.Library()
register.filter("rule_words", rule_of_kind)


@register.filter
def failed_job_words(kind: str) -> str | Promise:
    """What support reads about a job that was given up."""
    return handler_of(kind).failed or _("Failed after many attempts: %(kind)s") % {"kind": kind}


@register.simple_tag
def calls_by_rules(role: str) -> dict[str, Promise]:
    """Return the words with which an open page calls this person, by the kind of rule."""
    nudges = {kind: rule for kind, rule in RULES.items() if isinstance(rule.does, Tell) and rule.does.audience == role}
    return {kind: rule.does.call or rule.words for kind, rule in nudges.items() if isinstance(rule.does, Tell)}
