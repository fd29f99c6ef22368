"""Answers that every capability gives in the same way."""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _


class Refused(Exception):
    """It cannot be done; `detail` says why in a sentence a person understands, `link` where to mend it."""

    def __init__(self, code: str, detail: str, status: int = 409, *, link: str = "") -> None:
        super().__init__(code)
        self.code, self.detail, self.status, self.link = code, detail, status, link

    def as_error(self) -> dict[str, Any]:
        error = {"error": self.code, "detail": self.detail}
        return error | {"link": self.link} if self.link else error


def own_path(path: str) -> str:
    """Where a form asks to be led back to; empty unless that is an address of this site."""
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""


# A cell that a spreadsheet would take for a formula, in any of their ways.
_FORMULA = re.compile(r"\s*[=+\-@|%＝＋－＠]|[\t\r\n]")


def safe_csv_cell(text: str) -> str:
    """People's words as a cell of a CSV file, which no spreadsheet reckons with."""
    return f"'{text}" if _FORMULA.match(text) else text


class SeeOther(HttpResponseRedirect):
    """After a POST: look there now, with a GET."""

    status_code = 303


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The same for what is not there and for what is not yours."""
    if request.path.startswith("/api/"):
        sentence = _("This page does not exist, or you do not have access.")
        return JsonResponse({"error": "not_found", "detail": sentence}, status=404)
    return render(request, "404.html", status=404)


class OwnNotFoundPage(MiddlewareMixin):
    """With DEBUG on, Django itself answers 404 with a list of all addresses."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return not_found(request) if settings.DEBUG and response.status_code == 404 and is_page else response
