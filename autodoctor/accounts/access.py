"""Access guards of views. Every view has exactly one, readable as `view.access`.

A signed-out visitor is asked to sign in and comes back. A person with another role gets the same 404 as for a missing
address. A view that its visitor may see but not use raises `PermissionDenied` itself.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import is_valid_path
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from autodoctor.accounts.models import Role, User
from autodoctor.accounts.security_log import note
from autodoctor.core import kept_words, links
from autodoctor.core.errors import TooFast
from autodoctor.core.page_addresses import page_before
from autodoctor.core.parsing import wants_json
from autodoctor.rates.limits import KEPT_WORDS
from autodoctor.rates.web import count_request

P = ParamSpec("P")
Guarded = Callable[..., HttpResponseBase]


class SignedInRequest(HttpRequest):
    """A request that passed one of the guards below."""

    user: User


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def anyone(view: Callable[Concatenate[HttpRequest, P], HttpResponseBase]) -> Guarded:
    return set_access(view, "anyone")


def signed_in(view: View[P]) -> Guarded:
    return _guard(view, "signed_in", frozenset(Role))


def customer_only(view: View[P]) -> Guarded:
    return _guard(view, "customer_only", frozenset({Role.CUSTOMER}))


def mechanic_only(view: View[P]) -> Guarded:
    return _guard(view, "mechanic_only", frozenset({Role.MECHANIC}))


def support_only(view: View[P]) -> Guarded:
    return _guard(view, "support_only", frozenset({Role.SUPPORT}))


def set_access(view: Callable[..., HttpResponseBase], access: str) -> Guarded:
    """Declare who may call a view that guards itself."""
    vars(view)["access"] = access
    return view


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in and back. What was typed into a form waits; a script has kept it itself."""
    if request.path.startswith("/api/"):
        return JsonResponse({"error": "signed_out", "detail": _("Please sign in.")}, status=401)
    answer = redirect_to_login(_way_back(request), settings.LOGIN_URL)
    # A fragment would swap the sign-in page into the middle of the page that asked for it.
    if "HX-Request" in request.headers:
        return HttpResponseClientRedirect(answer.url)
    if request.method == "POST" and not wants_json(request):
        _keep_words(request)
    return answer


def asking_first(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Keep what a signed-out person sends to a view that guards itself."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_lost = request.method == "POST" and not request.user.is_authenticated
        return ask_to_sign_in(request) if is_lost else view(request, *args, **kwargs)

    return asked


def _keep_words(request: HttpRequest) -> None:
    """Keep what was typed, unless a program fills the database with forms. Say that nothing was done."""
    is_kept = False
    with suppress(TooFast):
        count_request(request, KEPT_WORDS)
        is_kept = kept_words.keep(request, page=page_before(request).path)
    kept = _("Your sign-in had run out, so nothing was sent. What you typed is there again when you have signed in.")
    lost = _("Your sign-in had run out, so nothing was sent. Sign in, then do it again.")
    messages.warning(request, kept if is_kept else lost)


def _guard(view: View[P], access: str, roles: frozenset[Role]) -> Guarded:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        if request.user.role not in roles:
            note("Access refused: another role", request, request.user, access=access)
            raise Http404
        answer = view(cast(SignedInRequest, request), *args, **kwargs)
        return _above(request) if _is_address_of_a_form(request, answer) else answer

    return set_access(guarded, access)


def _is_address_of_a_form(request: HttpRequest, answer: HttpResponseBase) -> bool:
    """Return whether a browser was led to where a form goes, and would show nothing.

    A refused form stands at such an address, and it is the page to come back to from the sign-in or the password.
    """
    # As a service worker hands a visit on, it may be no "navigate" any more.
    is_visit = request.headers.get("Sec-Fetch-Mode") in {"navigate", "same-origin"}
    return is_visit and request.method == "GET" and answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


def _above(request: HttpRequest) -> HttpResponse:
    """Lead to the nearest page above this address: the one that holds its form."""
    parts = request.path.rstrip("/").split("/")
    above = ("/".join([*parts[:length], ""]) for length in range(len(parts) - 1, 1, -1))
    return redirect(next((path for path in above if is_valid_path(path)), links.dashboard()))


def _way_back(request: HttpRequest) -> str:
    """Return the address after sign-in: this page, or the page with the form or fragment."""
    if request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers:
        return request.get_full_path()
    page = page_before(request)
    same_site = page.netloc == request.get_host()
    return page._replace(scheme="", netloc="").geturl() if same_site else links.dashboard()
