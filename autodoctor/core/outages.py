"""A database that does not answer, or has no connection left, is an outage and no mistake: 503, and when to come back.

Whichever layer it meets (a view, the session, a limit), the answer is this one.
"""

import sys
from collections.abc import Callable
from typing import Any

from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.debug import ExceptionReporter

from autodoctor.core.parsing import wants_json

RETRY_AFTER_SECONDS = 5
_NOTED = "autodoctor.unanswered"


class DatabaseOutage:
    """Stands in front of all layers that ask the database: each of them turns an exception into an answer of 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        return unanswered(request) if response.status_code == 500 and _NOTED in request.META else response


def unanswered(request: HttpRequest) -> HttpResponse:
    """Return the answer 503. Asks for nothing that may be gone."""
    if request.path.startswith("/api/") or wants_json(request):
        detail = _("This is not possible now. Try again in a minute.")
        answer: HttpResponse = JsonResponse({"error": "unavailable", "detail": detail}, status=503)
    else:
        answer = render(None, "503.html", status=503)  # without a request: no context asks who signs in
    answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


class NoReport(ExceptionReporter):
    """In place of Django's page for developers, which would ask the database for everything that it shows."""

    def get_traceback_html(self) -> SafeString:
        return SafeString()

    get_traceback_text = get_traceback_html


@receiver(got_request_exception)
def _note(request: HttpRequest | None = None, **_signal: Any) -> None:
    if request is not None and isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        request.META[_NOTED] = True
        vars(request)["exception_reporter_class"] = NoReport
