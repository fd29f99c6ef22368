"""The buttons of the room about the transcript."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from autodoctor.accounts.access import SignedInRequest, signed_in
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.parsing import wants_json
from autodoctor.sessions.models import Session
from autodoctor.transcripts import consent


@signed_in
@require_POST
def agreement(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    """Agree to a transcript (`act`: agree), or stop it for both (stop; erase: and delete what was recorded)."""
    now, act = timezone.now(), request.POST.get("act", "")
    try:
        if act == "agree":
            consent.agree(session_id=session_id, by=request.user, now=now)
        else:  # whatever is not understood records nothing
            consent.stop(session_id=session_id, by=request.user, erase=act == "erase", now=now)
    except Session.DoesNotExist:
        raise Http404 from None
    except Refused as error:
        if wants_json(request):
            return JsonResponse(error.as_error(), status=error.status)
        messages.error(request, error.detail)
    if wants_json(request):
        return JsonResponse({})
    return SeeOther(reverse("room", args=[session_id]))
