"""Refuses the API over http, where Django would lead to https: whoever sends a secret in clear has to notice."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _


class NoPlainApi(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        plain = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if not plain or not request.path.startswith("/api/") or request.path in settings.PROBES:
            return None
        detail = _("Use https. What was sent over http has to count as read by others.")
        return JsonResponse({"error": "https_only", "detail": detail}, status=403)
