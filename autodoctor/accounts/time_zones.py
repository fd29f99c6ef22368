"""Time zones by their IANA names."""

from functools import cache
from zoneinfo import available_timezones

from autodoctor.accounts.models import User

COOKIE = "tz"  # set by time-zone.js


@cache
def names() -> frozenset[str]:
    return frozenset(available_timezones())


def is_known(name: str) -> bool:
    return name in names()


@cache
def choices() -> tuple[tuple[str, str], ...]:
    """Return cities by region for a form, and UTC."""
    cities = sorted(name for name in names() if "/" in name and not name.startswith("Etc/"))
    return (("UTC", "UTC"), *((name, name.replace("_", " ")) for name in cities))


def remember(user: User, browser_zone: str) -> None:
    """Store the browser's zone for mails, unless the person has chosen one."""
    if is_known(browser_zone) and not user.time_zone_chosen and user.time_zone != browser_zone:
        User.objects.filter(pk=user.pk).update(time_zone=browser_zone)
        user.time_zone = browser_zone
