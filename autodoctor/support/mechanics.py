"""Applications of mechanics: list, approve, decline."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.accounts.models import MechanicProfile
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.support import staff_actions

MOST = 50
DECIDED = 20
ACTS: dict[str, Callable[..., None]] = {"approve": staff_actions.approve, "decline": staff_actions.decline}


@support_only
@require_safe
@never_cache
def mechanics(request: SignedInRequest) -> HttpResponse:
    profiles = MechanicProfile.objects.select_related("user", "decided_by")
    waiting = profiles.filter(state=MechanicProfile.State.APPLIED).order_by("applied_at")
    decided = profiles.exclude(state=MechanicProfile.State.APPLIED).exclude(decided_at=None).order_by("-decided_at")
    return render(request, "support/mechanics.html", {"waiting": waiting[:MOST], "decided": decided[:DECIDED]})


@support_only
@require_POST
def decide(request: SignedInRequest, profile_id: int) -> HttpResponse:
    profile = get_object_or_404(MechanicProfile.objects.select_related("user"), pk=profile_id)
    act = ACTS.get(request.POST.get("act", ""))
    try:
        if act:
            act(profile=profile, by=request.user, reason=request.POST.get("reason", ""), now=timezone.now())
            messages.success(request, _("%(name)s gets an email with the answer.") % {"name": profile.user.name})
    except (Refused, accounts.Refused) as refused:
        messages.error(request, refused.detail)
    return SeeOther(reverse("support_mechanics"))
