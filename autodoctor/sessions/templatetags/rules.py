"""The words of rules, for pages that show their events, and their waiting times, for what pages and mails promise."""

from collections.abc import Mapping

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from autodoctor.scheduler.handlers import handler_of
from autodoctor.sessions.formatting import format_promise
from autodoctor.sessions.rules import durations
from autodoctor.sessions.rules.rule import Tell
from autodoctor.sessions.rules.table import RULES, rule_of_kind

JOB_FAILED = "job.parked"  # the one alert whose words depend on its facts

register = template.Library()
register.filter("rule_words", rule_of_kind)


@register.simple_tag
def alert_words(rule: str, facts: Mapping[str, str]) -> str | Promise:
    """What support reads about an alert: the words of its rule, or of the job that was given up."""
    return rule_of_kind(rule) if rule != JOB_FAILED else _failed_job_words(facts["kind"])


def _failed_job_words(kind: str) -> str | Promise:
    return handler_of(kind).failed or _("Failed after many attempts: %(kind)s") % {"kind": kind}


@register.simple_tag
def waiting_time(name: str) -> str:
    """Return a waiting time as it is now, in words: support may have changed it."""
    return format_promise(durations.seconds(name))


@register.simple_tag
def calls_by_rules(role: str) -> dict[str, Promise]:
    """Return the words with which an open page calls this person, by the kind of rule."""
    nudges = {kind: rule for kind, rule in RULES.items() if isinstance(rule.does, Tell) and rule.does.audience == role}
    return {kind: rule.does.call or rule.words for kind, rule in nudges.items() if isinstance(rule.does, Tell)}
