"""The help threads of a session on the support desk, and the form that answers one."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.core.errors import Refused, SeeOther, own_path
from autodoctor.core.parsing import parse_count, parse_uuid
from autodoctor.sessions.lifecycle.help_requests import Answer, answer_help_request, threads
from autodoctor.sessions.models import Session


@support_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def help_threads(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Show both threads; a POST (`to`, `text`, `token`, `seen`, optional `back`) answers one."""
    session = Session.objects.select_related("customer", "mechanic").filter(id=session_id).first()
    if session is None:
        raise Http404
    refused = _answered(request, session_id) if request.method == "POST" else None
    if request.method == "POST" and refused is None:
        return SeeOther(own_path(request.POST.get("back", "")) or reverse("support_help", args=[session_id]))
    facts = {"session": session, "threads": threads(session), "refused": refused}
    facts |= {name: request.POST.get(name, "") for name in ("to", "text", "token")}
    return render(request, "support/help.html", facts, status=refused.status if refused else 200)


def _answered(request: SignedInRequest, session_id: UUID) -> Refused | None:
    answer = Answer(
        to=request.POST.get("to", ""),
        text=request.POST.get("text", ""),
        token=parse_uuid(request.POST.get("token", "")),
        seen=parse_count(request.POST.get("seen")),
    )
    try:
        answer_help_request(session_id=session_id, by=request.user, answer=answer, now=timezone.now())
    except Refused as refused:
        return refused
    messages.success(request, _("Sent. Only the person who asked sees your answer."))
    return None
