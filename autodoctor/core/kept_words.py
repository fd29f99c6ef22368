"""What was typed into a form that came to nothing stands in the form again, once, on the page that holds it.

A browser without scripts has nothing else that keeps it: the page that it was typed into is gone. It waits in the
browser's session, by the address that the form posts to: the sign-in had expired, the form was refused and the answer
leads on, or it waited too long for a password. Nothing is done by itself: only the words come back.

A page knows nothing of it: it is filled in behind its view, which has let the person in. Where it does not hold the
form any more, the words stand on top of it. Somebody else who signs in at this browser does not see them:

- Words of somebody who was signed in are shown to them alone.
- Words of somebody who was signed out are shown to whom the form's mark names. `{% of_viewer %}` writes it into forms
  whose address is the same for everybody, such as the account's, and of things that several people may open.
- Without a mark they are kept only where the address names one thing, whose page lets in nobody but its owner. On
  another page of theirs, which may be everybody's, they do not stand.
"""

import time
from datetime import timedelta
from typing import Any, TypedDict
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.deprecation import MiddlewareMixin

from autodoctor.core.errors import typed_fields
from autodoctor.core.filled_forms import Page
from autodoctor.core.parsing import storable_text

MARK = "of_viewer"  # the field of a form with the signed id of the person whose page it stood on
LONGEST_WAIT = timedelta(hours=1)
MOST_FORMS = 3  # of one browser, the latest
MOST_CHARACTERS = 32_000  # of one form: more than a summary with all its parts
_KEY = "kept_words"
_signer = signing.TimestampSigner(salt="autodoctor.core.kept_words")


class Kept(TypedDict):
    path: str  # that the form posts to
    page: str  # that held the form, or that the answer leads to; empty if no browser says
    by: str  # whose words they are; empty for whoever may open the page
    at: float
    fields: list[tuple[str, str]]


def mark_of(person_id: object) -> str:
    return _signer.sign(str(person_id))


def keep(request: HttpRequest, *, page: str, path: str = "", form: QueryDict | None = None) -> bool:
    """Keep what was typed into this form, or into the one of this request, for its page and for `page`.

    Returns whether there is something that may be kept.
    """
    path, form = path or request.path, request.POST if form is None else form
    fields, by = _bounded(form), _person(request) or _marked(form)
    if not fields or not (by or _names_a_thing(path)):
        return False
    kept = Kept(path=path, page=urlsplit(page).path, by=by, at=time.time(), fields=fields)
    others = [each for each in request.session.get(_KEY, []) if each["path"] != path]
    request.session[_KEY] = [*others, kept][-MOST_FORMS:]
    return True


class KeptWords(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # A page that has not read the session does not depend on it, and holds nobody's form.
        if isinstance(response, HttpResponse) and request.session.accessed and _is_page(request, response):
            kept: list[Kept] = request.session.get(_KEY, [])
            earliest, whose = time.time() - LONGEST_WAIT.total_seconds(), {"", _person(request)}
            if waiting := [each for each in kept if each["at"] > earliest and each["by"] in whose]:
                _show(request, response, waiting)
        return response


def _is_page(request: HttpRequest, response: HttpResponse) -> bool:
    """Return whether a person looks at this. What a script fetches may be put anywhere, or thrown away."""
    # A visit that a service worker hands on may name itself otherwise than a visit, but never so.
    by_script = "HX-Request" in request.headers or request.headers.get("Sec-Fetch-Mode") == "cors"
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return request.method == "GET" and response.status_code == 200 and is_html and not by_script


def _show(request: HttpRequest, response: HttpResponse, waiting: list[Kept]) -> None:
    page = Page(response.content.decode(), request.path)
    filled = [each for each in waiting if page.fill(each["path"], [(name, value) for name, value in each["fields"]])]
    without_form = [each for each in waiting if each not in filled and _belongs_on(request, each) and _texts(each)]
    texts = [text for each in without_form for text in _texts(each)]
    is_put = texts and page.put_first(render_to_string("partials/kept_words.html", {"texts": texts}, request))
    if shown := filled + (without_form if is_put else []):
        request.session[_KEY] = [each for each in request.session[_KEY] if each not in shown]
        response.content = page.text.encode()
        response.headers.pop("ETag", None)


def _belongs_on(request: HttpRequest, kept: Kept) -> bool:
    """Return whether the words may stand on this page without their form."""
    return request.path == kept["page"] and bool(kept["by"] or _names_a_thing(request.path))


def _texts(kept: Kept) -> list[str]:
    """Return what a person has worded: the other values are numbers, choices, and what the page itself has sent."""
    return [value for _name, value in kept["fields"] if len(value.split()) > 1]


def _bounded(form: QueryDict) -> list[tuple[str, str]]:
    room, fields = MOST_CHARACTERS, []
    for name, value in typed_fields(form):
        if name != MARK and len(name) < room:
            text = storable_text(value).strip()[: room - len(name)]
            room -= len(name) + len(text)
            fields.append((name, text))
    return fields if any(text for _name, text in fields) else []


def _person(request: HttpRequest) -> str:
    return str(request.user.pk) if request.user.is_authenticated else ""


def _marked(form: QueryDict) -> str:
    try:
        # A form stands open as long as its sign-in, and a while longer.
        return _signer.unsign(form.get(MARK, ""), max_age=2 * settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        return ""


def _names_a_thing(path: str) -> bool:
    try:
        found: dict[str, Any] = resolve(path).kwargs
    except Resolver404:
        return False
    return bool(found)
