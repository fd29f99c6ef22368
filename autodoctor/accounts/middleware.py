"""Show every page in the viewer's time zone."""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from autodoctor.accounts import time_zones


class TimeZoneMiddleware(MiddlewareMixin):
    """Uses the person's chosen zone, else their browser's, else the last one seen."""

    def process_request(self, request: HttpRequest) -> None:
        timezone.activate(ZoneInfo(_zone(request)))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        timezone.deactivate()
        return response


def _zone(request: HttpRequest) -> str:
    browser_zone = request.COOKIES.get(time_zones.COOKIE, "")
    # Without the cookie nobody is signed in, and the session need not be looked up.
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        time_zones.remember(request.user, browser_zone)
        return request.user.time_zone
    return browser_zone if time_zones.is_known(browser_zone) else settings.TIME_ZONE
