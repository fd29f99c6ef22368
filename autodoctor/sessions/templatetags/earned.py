"""The rows of a mechanic's earnings. There are dozens on a page: made of templates, they take a third of its time."""

from collections.abc import Iterable, Iterator
from datetime import date
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from autodoctor.core import links
from autodoctor.core.formatting import iso_month, moment, month
from autodoctor.payments.formatting import format_cents
from autodoctor.sessions.queries.earnings_report import Line, Sums
from autodoctor.sessions.templatetags.dashboard import sums

register = template.Library()
# Formatted without `format_html`, which looks at each part again.
LINE = """<li class="row">
  <div class="row__main">
    <p class="row__title">{}</p>
    <p class="row__meta">
      {}
    </p>
    <ul class="earned__why">
      {}
    </ul>
  </div>
  <p class="row__side earned__share">{}</p>
</li>
"""
ADDRESS = '<a href="{}">{}</a>'
FACT = "<span>{}</span>"
WHY = '<li><span class="badge{}">{}</span></li>'
MONTH = """<li class="row">
  <div class="row__main"><p class="row__title"><a href="{}?month={}"{}>{}</a></p></div>
  <p class="row__side earned__share">{}</p>
</li>
"""


@register.simple_tag
def earned_lines(lines: Iterable[Line]) -> SafeString:
    """Write a row for each share of a charge."""
    return mark_safe("".join(map(_line, lines)))  # noqa: S308 each part is escaped


@register.simple_tag
def earned_months(months: Iterable[tuple[date, Sums]], shown: date) -> SafeString:
    """Write a row for each month, with its link. `shown`: the month of this page."""
    address = links.earnings()
    return mark_safe("".join(_month(address, first, earned, shown) for first, earned in months))  # noqa: S308 likewise


def _line(line: Line) -> str:
    earning, tone = line.earning, f" badge--{line.tone}" if line.tone else ""
    facts = "\n      ".join(FACT.format(escape(fact)) for fact in _facts(line))
    why = "\n      ".join(WHY.format(tone, escape(sentence)) for sentence in line.why)
    return LINE.format(_title(line), facts, why, escape(format_cents(earning.share_cents, earning.payment.currency)))


def _title(line: Line) -> str:
    words = escape(line.vehicle or line.session.plan_name)
    return words if line.has_left else ADDRESS.format(links.room_page(line.session.id), words)


def _facts(line: Line) -> Iterator[str]:
    earning, payment = line.earning, line.earning.payment
    yield payment.description
    yield moment(earning.completed_at)
    yield _("%(charged)s charged") % {"charged": format_cents(earning.gross_cents, payment.currency)}
    if line.what_followed:
        yield line.what_followed
    if lost := line.lost_time:
        yield lost
    if earning.borne_cents:
        words = _("%(cents)s refunded at your expense")
        if line.position.is_lost:
            words = _("%(cents)s refunded or taken back by the customer’s bank")
        yield words % {"cents": format_cents(earning.borne_cents, payment.currency)}


def _month(address: str, first: date, earned: Sums, shown: date) -> str:
    current = ' aria-current="true"' if first == shown else ""
    return MONTH.format(address, iso_month(first), current, month(first), escape(sums(earned)))
