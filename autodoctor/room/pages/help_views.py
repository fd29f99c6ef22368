"""Views of "Get help": a page of its own, and the thread as a fragment of the session page."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.accounts.models import Role
from autodoctor.conversations import thread_files
from autodoctor.conversations.topics import Reason
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.parsing import parse_uuid, wants_json
from autodoctor.rates.limits import HELP
from autodoctor.rates.web import limited
from autodoctor.room.pages.help import help_context
from autodoctor.room.pages.page import find_page
from autodoctor.sessions.lifecycle import help_files, help_requests
from autodoctor.sessions.models import Session


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@limited(HELP, "POST")
@never_cache
def help_page(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Show the thread and its form. A refused form shows its text again with the error."""
    session = _own(request, session_id)
    if request.method != "POST":
        return render(request, "room/help.html", help_context(session, request.user, timezone.now()))
    try:
        _ask(request, session)
    except Session.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _refuse(request, session, refused)
    if wants_json(request):
        return JsonResponse({"asked": True}, status=201)
    return SeeOther(reverse("help", args=[session_id]))


@signed_in
@require_safe
@never_cache
def help_thread(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Return the thread as a fragment."""
    return render(
        request, "room/help_thread.html", help_context(_own(request, session_id), request.user, timezone.now())
    )


def _own(request: SignedInRequest, session_id: UUID) -> Session:
    """Return the session of a participant; 404 for everybody else."""
    session, role = find_page(request.user, session_id)
    if role not in {Role.CUSTOMER, Role.MECHANIC}:
        raise Http404
    return session


def _ask(request: SignedInRequest, session: Session) -> None:
    now, person = timezone.now(), request.user
    thread = help_files.thread_of(session, person)
    with thread_files.received(thread_files.of_form(request), thread=thread, now=now) as enclosed:
        help_requests.ask_support(
            session_id=session.id,
            by=person,
            reason=request.POST.get("reason", ""),
            text=request.POST.get("text", ""),
            client_id=parse_uuid(request.POST.get("client_id", "")),
            enclosed=enclosed,
            now=now,
        )


def _refuse(request: SignedInRequest, session: Session, refused: Refused) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(refused.as_error(), status=refused.status)
    shown = help_context(session, request.user, timezone.now()) | {"refused": refused} | _typed(request)
    return render(request, "room/help.html", shown, status=refused.status)


def _typed(request: SignedInRequest) -> dict[str, Any]:
    """Return the typed text, to show it again."""
    typed = {name: request.POST[name] for name in ("reason", "text", "client_id") if request.POST.get(name)}
    if typed.get("reason") not in Reason.values:
        typed.pop("reason", None)
    return typed
