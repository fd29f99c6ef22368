"""Format durations for people."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

A_DAY = 24 * 60 * 60  # seconds


def format_duration(seconds: float) -> str:
    """Return a duration in the unit that fits: "20 seconds", "10 minutes", "24 hours"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return ngettext("%(count)d second", "%(count)d seconds", whole) % {"count": whole}
    if whole < 3 * 60 * 60:
        minutes = round(whole / 60)
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = round(whole / 3600)
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


def format_promise(seconds: float) -> str:
    """Return a waiting time exactly, in the largest unit that fits: who acts within it relies on it.

    "30 seconds", "1 minute", "1 min 30 s", "24 hours", "7 days".
    """
    whole = round(seconds)
    if whole >= 2 * A_DAY and whole % A_DAY == 0:
        days = whole // A_DAY
        return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    unit = 1 if whole < 60 else 60 if whole < 3 * 60 * 60 else 60 * 60
    return exact_duration(whole) if whole % unit else format_duration(whole)


def exact_duration(seconds: int) -> str:
    """Return a duration to the second: "35 s", "2 min", "1 min 20 s"."""
    minutes, rest = divmod(seconds, 60)
    parts = [_("%d min") % minutes] if minutes else []
    return " ".join(parts + ([_("%d s") % rest] if rest or not minutes else []))
