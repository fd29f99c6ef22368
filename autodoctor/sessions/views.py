"""The dashboards, one a role. Each list is a fragment at an address of its own, fetched again when the feed says so."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from autodoctor.accounts.access import SignedInRequest, mechanic_only, signed_in, support_only
from autodoctor.accounts.models import Role
from autodoctor.sessions import listing


@signed_in
@require_safe
@never_cache  # the back button must not show what was
def dashboard(request: SignedInRequest) -> HttpResponse:
    role = request.user.role
    facts: dict[str, Any] = {"now": timezone.now()}
    if role == Role.SUPPORT:
        facts |= _everything(request)
    else:
        facts |= _own(request)
    if role == Role.MECHANIC:
        facts |= _queue(request) | {"profile": request.user.mechanic_profile}
    return render(request, f"sessions/{role.value}.html", facts)


@signed_in
@require_safe
@never_cache
def own_sessions(request: SignedInRequest) -> HttpResponse:
    return render(request, "sessions/own_sessions.html", _own(request))


@mechanic_only
@require_safe
@never_cache
def queue(request: SignedInRequest) -> HttpResponse:
    return render(request, "sessions/queue.html", _queue(request))


@support_only
@require_safe
@never_cache
def open_sessions(request: SignedInRequest) -> HttpResponse:
    return render(request, "sessions/open_sessions.html", _everything(request))


def _own(request: SignedInRequest) -> dict[str, Any]:
    answer_hours = settings.DEADLINES["solved_answer"] // 3600
    return {"lists": listing.of(request.user, request.GET.get("page")), "answer_hours": answer_hours}


def _queue(request: SignedInRequest) -> dict[str, Any]:
    return {"requests": listing.open_requests(request.user), "busy": listing.is_busy(request.user)}


def _everything(request: SignedInRequest) -> dict[str, Any]:
    return {"rows": listing.every_open(request.user)}
