"""Time zones by their IANA names, and every page in that of its viewer."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from autodoctor.accounts.models import User

COOKIE = "tz"  # set by time-zone.js
# In the files of a system, but the names of no place: no browser and not every database knows them.
NOWHERE = frozenset({"Factory", "localtime"})


@cache
def names() -> frozenset[str]:
    return frozenset(available_timezones()) - NOWHERE


def is_known(name: str) -> bool:
    return name in names()


def choices(present: str = "UTC") -> list[tuple[str, str]]:
    """Return cities by region for a form, UTC, and whatever else a browser has named as the present zone."""
    others = [name for name in ("UTC", present) if is_known(name) and name not in _cities()]
    return [(name, name) for name in dict.fromkeys(others)] + list(_cities().items())


@cache
def _cities() -> dict[str, str]:
    cities = sorted(name for name in names() if "/" in name and not name.startswith("Etc/"))
    return {name: name.replace("_", " ") for name in cities}


def remember(user: User, browser_zone: str) -> None:
    """Store the browser's zone for mails, unless the person has chosen one."""
    if is_known(browser_zone) and not user.time_zone_chosen and user.time_zone != browser_zone:
        User.objects.filter(pk=user.pk).update(time_zone=browser_zone)
        user.time_zone = browser_zone


class TimeZoneMiddleware(MiddlewareMixin):
    """Activate the time zone that the person chose, else the browser's, else the one seen last."""

    def process_request(self, request: HttpRequest) -> None:
        timezone.activate(ZoneInfo(_zone(request)))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        timezone.deactivate()
        return response


def _zone(request: HttpRequest) -> str:
    browser_zone = request.COOKIES.get(COOKIE, "")
    # Without the cookie the visitor is signed out, and the session need not be read.
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        remember(request.user, browser_zone)
        return request.user.time_zone
    return browser_zone if is_known(browser_zone) else settings.TIME_ZONE
