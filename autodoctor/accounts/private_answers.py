"""No browser and no proxy keeps a copy of what a signed-in person has seen: "Back" after signing out shows nothing."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.utils.deprecation import MiddlewareMixin


class PrivateAnswers(MiddlewareMixin):
    """Marks every answer to a signed-in person `no-store`, unless its view says how long it may be kept."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code >= 500:
            return response  # it shows nothing of anybody, and the database may be what failed
        # Without the cookie the visitor is signed out, and the session need not be read.
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES or request.session.modified
        if "Cache-Control" not in response.headers and has_session and request.user.is_authenticated:
            patch_cache_control(response, private=True, no_store=True)
        return response
