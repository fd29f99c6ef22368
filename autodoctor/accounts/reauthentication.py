"""A fresh password or code before staff moves money or refuses a person. What was sent waits, and is then done.

`@fresh` marks a view of which every POST needs it, `@fresh(reading=True)` one that needs it to be read at all. A view
that decides for itself calls `require_fresh`.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, cast, overload

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse, QueryDict
from django.urls import resolve
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from autodoctor.accounts.security_log import note
from autodoctor.core import kept_words, links
from autodoctor.core.errors import own_path
from autodoctor.core.page_addresses import page_before
from autodoctor.core.parsing import wants_json

View = Callable[..., HttpResponseBase]
SAFE = {"GET", "HEAD"}
PROOFS = {"password", "mfa"}
READS = "freshness"  # the attribute of a view that the list of routes reads


class ProofNeeded(Exception):
    """The person has to confirm that it is them, and then this request goes on."""


def require_fresh(request: HttpRequest, *, of_everybody: bool = False) -> None:
    """Raise `ProofNeeded` where staff, or `of_everybody` any person, has given no password or code for a while."""
    if request.user.is_authenticated and (of_everybody or request.user.is_staff) and not _is_fresh(request):
        note("A fresh password or code was asked for", request, request.user)
        raise ProofNeeded


@overload
def fresh(view: View) -> View: ...
@overload
def fresh(*, reading: bool = ..., of_everybody: bool = ...) -> Callable[[View], View]: ...
def fresh(
    view: View | None = None, *, reading: bool = False, of_everybody: bool = False
) -> View | Callable[[View], View]:
    """Guard a view: its POSTs, or with `reading` every request. Stands below the guard of access."""

    def decorate(inner: View) -> View:
        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if reading or request.method not in SAFE:
                require_fresh(request, of_everybody=of_everybody)
            return inner(request, *args, **kwargs)

        vars(guarded)[READS] = "read" if reading else "post"
        return guarded

    return decorate(view) if view else decorate


class ReauthenticationMiddleware(MiddlewareMixin):
    """Leads to the page that asks for the password, and keeps the form that was sent."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ProofNeeded):
            return None
        if request.path.startswith("/api/") or wants_json(request):
            return refusal(request)
        if request.method in SAFE:
            # A download would leave the person on a page that asks for what they have just given.
            back = _page_of(request, otherwise=request.get_full_path())
            messages.info(request, _("After that, press the same button again."))
        else:
            back = _keep(request)
            messages.info(request, _("Nothing is lost: what you sent is done as soon as you have confirmed it."))
        page = f"{_where(request)}?{urlencode({'next': back})}"
        return HttpResponseClientRedirect(page) if "HX-Request" in request.headers else HttpResponseRedirect(page)


def refusal(request: HttpRequest) -> JsonResponse:
    """The answer to a script, which sends it again after the person has been at `link`."""
    sentence = _("Confirm first that it is you: open %(page)s, then send this again.") % {"page": _where(request)}
    return JsonResponse({"error": "proof_needed", "detail": sentence, "link": _where(request)}, status=403)


def resume(request: HttpRequest, kept: dict[str, str]) -> HttpResponseBase:
    """Do what was sent before the password was asked for; allauth calls this once the person has proved it.

    What waits for too long, or belongs to another page than this way leads back to, is not done. Of the former the
    words stand in the form again. The latter waits on: another tab may be asking for the password, and has promised to
    do it.
    """
    back = own_path(request.POST.get("next") or request.GET.get("next") or "")
    is_late = time.time() - float(kept["at"]) > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    if is_late or back != kept["page"]:
        if is_late:
            kept_words.keep(request, page=back or kept["page"], path=kept["path"], form=QueryDict(kept["form"]))
        else:
            _wait(request, kept)
        messages.warning(request, _("What you sent before has not been done: it is too long ago. Look at it again."))
        return HttpResponseRedirect(back or kept["page"])
    request.method = request.META["REQUEST_METHOD"] = "POST"
    request.path = request.path_info = kept["path"]
    request.META["QUERY_STRING"] = kept["query"]
    request.GET, request.POST = QueryDict(kept["query"]), QueryDict(kept["form"])
    request.resolver_match = found = resolve(kept["path"])
    return cast(HttpResponseBase, found.func(request, *found.args, **found.kwargs))


def _keep(request: HttpRequest) -> str:
    """Keep the form in the session; return the address of the page that it stands on."""
    kept: dict[str, str] = {
        "page": _page_of(request, otherwise=links.dashboard()),
        "path": request.path_info,
        "query": request.META.get("QUERY_STRING", ""),
        "form": request.POST.urlencode(),
        "at": str(time.time()),
    }
    _wait(request, kept)
    return kept["page"]


def _wait(request: HttpRequest, kept: dict[str, str]) -> None:
    request.session[STATE_SESSION_KEY] = {"callback": f"{__name__}.{resume.__name__}", "state": kept}


def _page_of(request: HttpRequest, *, otherwise: str) -> str:
    """Return the page of the form or the button: where the browser says it comes from, if that is of this site."""
    page = page_before(request)
    own = page._replace(scheme="", netloc="", fragment="").geturl() if page.netloc == request.get_host() else ""
    return own_path(own) or otherwise


def _where(request: HttpRequest) -> str:
    """Return the page that asks this person for what they have: a password, else a code or a key."""
    pages = [str(method["url"]) for method in get_adapter().get_reauthentication_methods(request.user)]
    return pages[0] if pages else "/"


def _is_fresh(request: HttpRequest) -> bool:
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    records = get_authentication_records(request, request.user)
    return any(record["method"] in PROOFS and record["at"] > since for record in records)
