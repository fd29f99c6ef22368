"""Middleware for staff: short sessions, and nothing but the set-up before there is a second factor."""

from typing import assert_never

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from autodoctor.accounts import staff_sessions
from autodoctor.accounts.models import User
from autodoctor.accounts.staff_sessions import Standing

# What a person without a second factor may open, besides all pages that set one up.
OPEN_TO_ALL = {"account_reauthenticate", "account_logout"}
SETS_UP = "mfa_"
# Open pages fetch these by themselves: nobody has done anything.
FETCHED_BY_ITSELF = {"support_open", "support_case_live"}


class StaffSessionMiddleware(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        user = _staff(request)
        if user is None:
            return None
        now, name = timezone.now(), _view_name(request)
        match staff_sessions.standing(user, dict(request.session.items()), now):
            case Standing.OVER:
                logout(request)
                messages.info(request, _("Your session is over: support signs in again after a while."))
                return None
            case Standing.WITHOUT_FACTOR:
                vars(request)["needs_second_factor"] = True  # its page says why it is the only one
                if name not in OPEN_TO_ALL and not name.startswith(SETS_UP):
                    return _ask_for_second_factor(request)
            case Standing.WHOLE:
                pass
            case unknown:
                assert_never(unknown)
        if name not in FETCHED_BY_ITSELF:
            staff_sessions.note_activity(request.session, now)
        return None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Shorten the session also where this request has signed the person in."""
        if _staff(request):
            staff_sessions.limit(request.session)
        return response


def _staff(request: HttpRequest) -> User | None:
    # A visitor's session is not read, so that their pages do not depend on the cookie.
    has_session = settings.SESSION_COOKIE_NAME in request.COOKIES or request.session.modified
    if not has_session or SESSION_KEY not in request.session:
        return None
    return request.user if request.user.is_authenticated and request.user.is_staff else None


def _view_name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).url_name or ""
    except Resolver404:
        return ""


def _ask_for_second_factor(request: HttpRequest) -> HttpResponse:
    sentence = _("A support account needs a second step to sign in. Set it up first.")
    set_up = reverse("mfa_index")
    if request.path.startswith("/api/"):
        return JsonResponse({"error": "second_factor_needed", "detail": sentence, "link": set_up}, status=403)
    return HttpResponseClientRedirect(set_up) if "HX-Request" in request.headers else HttpResponseRedirect(set_up)
