"""One session as support sees it: everything that happened, what it cost, and what can be done about it."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.sessions.models import Session


@support_only
def case(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    session = Session.objects.select_related("customer", "mechanic").filter(id=session_id).first()
    if session is None:
        raise Http404
    return render(request, "support/case.html", {"session": session, "events": session.events.order_by("seq")})
