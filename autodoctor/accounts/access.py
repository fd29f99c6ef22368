"""Access guards of views. Every view has exactly one, readable as `view.access`.

A signed-out visitor is asked to sign in and comes back. A person with another role gets the same 404 as for a missing
address. A view that its visitor may see but not use raises `PermissionDenied` itself.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from autodoctor.accounts.models import Role, User
from autodoctor.accounts.security_log import note
from autodoctor.core import links
from autodoctor.core.page_addresses import page_before

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
    if request.path.startswith("/api/"):
        return JsonResponse({"error": "signed_out", "detail": _("Please sign in.")}, status=401)
    answer = redirect_to_login(_way_back(request), settings.LOGIN_URL)
    # A fragment would swap the sign-in page into the middle of the page that asked for it.
    return HttpResponseClientRedirect(answer.url) if "HX-Request" in request.headers else answer


def _guard(view: View[P], access: str, roles: frozenset[Role]) -> Guarded:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return ask_to_sign_in(request)
        if request.user.role not in roles:
            note("Access refused: another role", request, request.user, access=access)
            raise Http404
        return view(cast(SignedInRequest, request), *args, **kwargs)

    return set_access(guarded, access)


def _way_back(request: HttpRequest) -> str:
    """Return the address after sign-in: this page, or the page with the form or fragment."""
    if request.method in {"GET", "HEAD"} and "HX-Request" not in request.headers:
        return request.get_full_path()
    page = page_before(request)
    same_site = page.netloc == request.get_host()
    return page._replace(scheme="", netloc="").geturl() if same_site else links.dashboard()
