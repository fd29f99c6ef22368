"""One person for support: role, sessions, payments; and banning."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.payments.models import Payment
from autodoctor.sessions.models import Session
from autodoctor.support import staff_actions

PER_PAGE = 20
PAYMENTS = 20
ACTS: dict[str, Callable[..., None]] = {"ban": staff_actions.ban, "lift": staff_actions.lift_ban}


@support_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def person(request: SignedInRequest, user_id: UUID) -> HttpResponse:
    who = get_object_or_404(User.objects.select_related("mechanic_profile"), id=user_id)
    if request.method == "POST":
        return _ban(request, who)
    sessions = Session.objects.filter(Q(customer=who) | Q(mechanic=who)).select_related("customer", "mechanic")
    facts = {
        "person": who,
        "profile": MechanicProfile.objects.filter(user=who).first(),
        "sessions": Paginator(sessions.order_by("-created_at"), PER_PAGE).get_page(request.GET.get("page")),
        "payments": Payment.objects.filter(payer=who).order_by("-created_at")[:PAYMENTS],
        "deeds": staff_actions.record_of(str(who.id)),
    }
    return render(request, "support/person.html", facts)


def _ban(request: SignedInRequest, who: User) -> HttpResponse:
    """Ban a person, or lift the ban."""
    act = ACTS.get(request.POST.get("act", ""))
    try:
        if act:
            act(user=who, by=request.user, reason=request.POST.get("reason", ""), now=timezone.now())
            messages.success(request, _("Done. The reason is in the log."))
    except Refused as refused:
        messages.error(request, refused.detail)
    return SeeOther(reverse("support_person", args=[who.id]))
