"""The live board: every open session, and where it stands."""

from django.http import HttpResponse
from django.shortcuts import render

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.sessions.models import Session
from autodoctor.sessions.states import OPEN


@support_only
def board(request: SignedInRequest) -> HttpResponse:
    open_ones = Session.objects.filter(state__in=OPEN).select_related("customer", "mechanic").order_by("created_at")
    return render(request, "support/board.html", {"sessions": open_ones})
