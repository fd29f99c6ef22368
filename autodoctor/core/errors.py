"""Answers and errors that all capabilities share."""

import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from autodoctor.core.parsing import wants_json


class Refused(Exception):
    """The action is refused; `detail` explains it in a sentence, `link` leads to where it can be fixed.

    `field` is what was filled in wrongly: whatever is answered with 422 over the API names it.
    """

    def __init__(self, code: str, detail: str, status: int = 409, *, link: str = "", field: str = "") -> None:
        super().__init__(code)
        self.code, self.detail, self.status, self.link, self.field = code, detail, status, link, field

    def as_error(self) -> dict[str, Any]:
        more = {"link": self.link, "fields": {self.field: self.detail} if self.field else {}}
        return {"error": self.code, "detail": self.detail, **{name: value for name, value in more.items() if value}}


class Gone(Http404):
    """What somebody acts on is not there any more: answered like what is not theirs. No view has to know it."""


class TooFast(Exception):
    """Somebody did something too often; `seconds` is how long to wait, `sentence` says what it was.

    No kind of `Refused`: no view has to know it, every page and operation answers in the same way.
    """

    def __init__(self, seconds: int, sentence: str | Promise) -> None:
        super().__init__("too_fast")
        self.seconds, self.sentence = seconds, sentence

    @property
    def detail(self) -> str:
        wait = ngettext("Wait %d second and try again.", "Wait %d seconds and try again.", self.seconds) % self.seconds
        return f"{self.sentence} {wait}"

    def as_error(self) -> dict[str, Any]:
        return {"error": "too_fast", "detail": self.detail}


# Fields whose content is not written into a page again.
_SECRET = re.compile(r"password|(?<!trouble_)code|secret", re.IGNORECASE)
# What a browser makes of a passkey for one moment, and nobody can type: the page that asked for it asks again.
_MADE = "credential"


def too_fast(request: HttpRequest, refusal: TooFast) -> HttpResponse:
    """Return the answer 429: JSON for a script, else a page that holds what was typed and can send it again."""
    if request.path.startswith("/api/") or wants_json(request):
        answer: HttpResponse = JsonResponse(refusal.as_error(), status=429)
    else:
        answer = render(request, "429.html", {"refusal": refusal, **_typed(request)}, status=429)
    answer["Retry-After"] = str(refusal.seconds)
    return answer


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Return the fields of the form that was sent, but for its files, its token and secrets, which are asked again."""
    is_made = _MADE in request.POST
    return {
        "address": _with_way_back(request) if is_made else request.get_full_path(),
        "is_form": request.method == "POST" and not is_made,
        "fields": typed_fields(request.POST),
        "secrets": [name for name, values in request.POST.lists() for _value in values if _SECRET.search(name)],
    }


def typed_fields(form: QueryDict) -> list[tuple[str, str]]:
    """Return the fields of a form with their values, but for its token and secrets."""
    names = [name for name in form if name != "csrfmiddlewaretoken" and not _SECRET.search(name)]
    return [(name, value) for name in names for value in form.getlist(name)]


def _with_way_back(request: HttpRequest) -> str:
    """Return the address of the page, with where it leads to afterwards."""
    back = own_path(request.POST.get("next", ""))
    return f"{request.path}?{urlencode({'next': back})}" if back else request.get_full_path()


def own_path(path: str) -> str:
    """Return the form's return address if it is an address of this site, else empty."""
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""


# A cell that a spreadsheet would take for a formula, in any of their ways.
_FORMULA = re.compile(r"\s*[=+\-@|%＝＋－＠]|[\t\r\n]")


def safe_csv_cell(text: str) -> str:
    """Return text as a CSV cell that no spreadsheet evaluates."""
    return f"'{text}" if _FORMULA.match(text) else text


class SeeOther(HttpResponseRedirect):
    """A redirect to a GET after a POST."""

    status_code = 303


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the same 404 for missing pages and for pages of others."""
    if request.path.startswith("/api/"):
        sentence = _("This page does not exist, or you do not have access.")
        return JsonResponse({"error": "not_found", "detail": sentence}, status=404)
    return render(request, "404.html", status=404)


class OwnNotFoundPage(MiddlewareMixin):
    """With DEBUG on, Django would answer 404 with a list of all addresses."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        return not_found(request) if settings.DEBUG and response.status_code == 404 and is_page else response
