"""Filters for amounts and durations in summaries."""

from typing import Any

from django import template
from django.utils.translation import gettext_lazy as _

from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.formatting import format_duration
from autodoctor.sessions.models import Session
from autodoctor.summaries.content import Safe, Typed, cells_of, texts_of
from autodoctor.summaries.forms import SummaryForm
from autodoctor.summaries.models import Summary

PARTS = _("Parts")
VERDICTS = {"yes": ("#1d6b45", "#dfeee1"), "care": ("#855200", "#fbeac4"), "no": ("#ae2418", "#fbe1dc")}
register = template.Library()
register.filter("money", format_cents)
register.filter("span", format_duration)


@register.filter
def texts(typed: Typed) -> list[tuple[str, str]]:
    """Return the text fields by name."""
    return [(name, text) for name, text in texts_of(typed).items() if name != "safe"]


@register.filter
def in_words(typed: Typed) -> list[tuple[str, str]]:
    """Return label and text of everything that was typed, to be copied."""
    words = texts_of(typed) | {"safe": str(dict(Safe.choices).get(typed["safe"], ""))}
    fields = [(str(field.label), words[name]) for name, field in SummaryForm.base_fields.items()]
    parts = "\n".join("  ".join(filter(None, cells_of(part))) for part in typed["parts"])
    return [(label, text) for label, text in [*fields, (str(PARTS), parts)] if text]


@register.simple_tag
def last_summary(request: Session) -> Summary | None:
    """Return what the mechanic whom this request asks for wrote for its customer last."""
    theirs = Summary.objects.filter(session__customer=request.customer_id, session__mechanic=request.asked_for_id)
    return theirs.select_related("session").order_by("-submitted_at").first()


@register.filter
def vehicle(facts: dict[str, Any]) -> str:
    return " ".join(str(facts[name]) for name in ("year", "make", "model") if facts.get(name))


@register.filter
def verdict_color(safe: str) -> str:
    """Return the verdict's color, for mails, which have no stylesheet."""
    return VERDICTS[safe][0]


@register.filter
def verdict_tint(safe: str) -> str:
    return VERDICTS[safe][1]
