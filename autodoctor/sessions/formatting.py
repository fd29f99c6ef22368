"""Format durations for people."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


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


def exact_duration(seconds: int) -> str:
    """Return a duration to the second: "35 s", "2 min", "1 min 20 s"."""
    minutes, rest = divmod(seconds, 60)
    parts = [_("%d min") % minutes] if minutes else []
    return " ".join(parts + ([_("%d s") % rest] if rest or not minutes else []))
