"""The live board: every open session, sorted by urgency, with alerts and their holders."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.core.errors import Refused, SeeOther, own_path
from autodoctor.core.parsing import parse_uuid, wants_json
from autodoctor.scheduler.lane_watch import standing_still
from autodoctor.sessions.lifecycle import alert_work
from autodoctor.sessions.models import Alert, Session
from autodoctor.support import board_lines


@support_only
@require_safe
@never_cache
def board(request: SignedInRequest) -> HttpResponse:
    return render(request, "support/board.html", _facts())


@support_only
@require_safe
@never_cache
def open_now(request: SignedInRequest) -> HttpResponse:
    """Return the fragment that the board fetches again."""
    return render(request, "support/lines.html", _facts())


@support_only
@require_POST
def alert(request: SignedInRequest, session_id: UUID, seq: int) -> HttpResponse:
    """Take, hand back or finish an alert. A script gets JSON and stays on the page."""
    try:
        said, level = _act(request, session_id, seq), "success"
    except (Session.DoesNotExist, Alert.DoesNotExist):
        raise Http404 from None
    except Refused as refused:
        said, level = refused.detail, "warning"
    if wants_json(request):
        return JsonResponse({"text": said, "level": level})
    messages.add_message(request, messages.SUCCESS if level == "success" else messages.WARNING, said)
    return SeeOther(own_path(request.POST.get("back", "")) or reverse("support_board"))


def _act(request: SignedInRequest, session_id: UUID, seq: int) -> str:
    """Do the action and return its result in words. Raises the actions' errors."""
    which: dict[str, Any] = {"session_id": session_id, "seq": seq, "by": request.user, "now": timezone.now()}
    acts: dict[str, Callable[[], tuple[Alert, str]]] = {
        "take": lambda: (alert_work.take_alert(**which), _("You have taken this alert.")),
        "take_over": lambda: (
            alert_work.take_alert(**which, instead_of=_holder(request)),
            _("You have taken this alert."),
        ),
        "hand_back": lambda: (
            alert_work.hand_back_alert(**which),
            _("You have handed back this alert. Anybody can take it."),
        ),
        "done": lambda: (alert_work.finish_alert(**which, note=request.POST.get("note", "")), _("Done.")),
    }
    if request.POST.get("act") not in acts:
        raise Refused("invalid", _("This action does not exist for alerts."), 422)
    _alert, said = acts[request.POST["act"]]()
    return said


def _holder(request: SignedInRequest) -> UUID | None:
    """Return the holder that the page showed, to take the alert over from."""
    return parse_uuid(request.GET.get("holder"))


def _facts() -> dict[str, Any]:
    now = timezone.now()
    return {"board": board_lines.board(now), "standing_still": standing_still(), "now": now}
