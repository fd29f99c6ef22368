"""Dates and times for people: US English, in the reader's zone. `lib/format-time.js` writes the same formats.

Every function is a filter in every template, and returns an empty text for None. Machines get ISO 8601 (`|iso`).
"""

from datetime import date, datetime, time
from functools import lru_cache

from django import template
from django.conf import settings
from django.utils import dateformat, timezone
from django.utils.translation import get_language

register = template.Library()


@register.filter
def time_of_day(at: datetime | None) -> str:
    """ "3:24 PM" """
    return _of_day(_local_time(at).replace(second=0), "g:i A", get_language()) if at else ""


@register.filter
def exact_time_of_day(at: datetime | None) -> str:
    """ "3:24:05 PM" """
    return _of_day(_local_time(at), "g:i:s A", get_language()) if at else ""


@register.filter
def moment(at: datetime | None) -> str:
    """Format "Nov 28, 3:24 PM", for moments within a few months."""
    return _joined(at, "M j")


@register.filter
def mail_moment(at: datetime | None) -> str:
    """Format "Nov 28, 3:24 PM UTC": like `moment`, with the zone if the reader's zone is unknown."""
    is_known = timezone.get_current_timezone_name() != settings.TIME_ZONE
    return moment(at) if is_known else _format(at, "M j, g:i A T")


@register.filter
def dated_moment(at: datetime | None) -> str:
    """Format "Nov 28, 2026, 3:24 PM", for moments that may be years ago."""
    return _joined(at, "M j, Y")


@register.filter
def exact_moment(at: datetime | None) -> str:
    """ "Nov 28, 2026, 3:24:05 PM" """
    return _format(at, "M j, Y, g:i:s A")


@register.filter
def document_moment(at: datetime | None) -> str:
    """ "Nov 28, 2026, 3:24 PM UTC": a document may be read elsewhere."""
    return _format(at, "M j, Y, g:i A T")


@register.filter
def day(at: date | None) -> str:
    """ "Nov 28, 2026" """
    return _format(at, "M j, Y")


@register.filter
def weekday(at: date | None) -> str:
    """ "Saturday, Nov 28" """
    return _format(at, "l, M j")


@register.filter
def month(at: date | None) -> str:
    """ "November 2026" """
    return _format(at, "F Y")


@register.filter
def iso(at: date | None) -> str:
    """ "2026-11-28T15:24:05-05:00": for machines."""
    return _local(at).isoformat() if at else ""


@register.filter
def iso_day(at: date | None) -> str:
    """ "2026-11-28": the day in the reader's zone, for machines."""
    return iso(at)[: len("2026-11-28")]


@register.filter
def iso_month(at: date | None) -> str:
    """ "2026-11": the month in the reader's zone, for machines."""
    return iso(at)[: len("2026-11")]


def _joined(at: datetime | None, letters: str) -> str:
    """Return the day in these letters and the time of the day, each of which a list asks for again."""
    return f"{_of_date(timezone.localdate(at), letters, get_language())}, {time_of_day(at)}" if at else ""


def _local_time(at: datetime) -> time:
    return timezone.localtime(at).time().replace(microsecond=0)


@lru_cache(maxsize=4096)
def _of_day(at: time, letters: str, language: str | None) -> str:
    """Return the words for a time of the day: a page with a log asks for hundreds, and most of them again."""
    return dateformat.time_format(at, letters)


@lru_cache(maxsize=4096)
def _of_date(at: date, letters: str, language: str | None) -> str:
    return dateformat.format(at, letters)


def _format(at: date | None, letters: str) -> str:
    # By its letters: Django's `date_format` looks up formats of the language first, which takes as long again.
    if isinstance(at, datetime):
        return dateformat.format(_local(at), letters)
    return _of_date(at, letters, get_language()) if at else ""


def _local(at: date) -> date:
    return timezone.localtime(at) if isinstance(at, datetime) else at
