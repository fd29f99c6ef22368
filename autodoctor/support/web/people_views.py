"""People for support: search, one person with the ban, applications of mechanics."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from autodoctor.accounts import actions as accounts
from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.accounts.models import MechanicProfile, User
from autodoctor.accounts.reauthentication import fresh
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.parsing import parse_count, storable_text
from autodoctor.support import people, staff_actions
from autodoctor.support import search as search_index

Failed = Refused | accounts.Refused
BAN_ACTIONS: dict[str, Callable[..., None]] = {
    "ban": staff_actions.ban,
    "lift": staff_actions.lift_ban,
    "sign_out": staff_actions.sign_out,
}
DECISIONS: dict[str, Callable[..., None]] = {"approve": staff_actions.approve, "decline": staff_actions.decline}


@support_only
@require_safe
@never_cache
def search(request: SignedInRequest) -> HttpResponse:
    query = " ".join(storable_text(request.GET.get("q", "")).split())[: search_index.LONGEST]
    if exact := search_index.session_of_id(query):
        return redirect("support_case", exact)
    if asked := search_index.conversation_of_id(query):
        return redirect("support_conversation", asked)
    found = search_index.find(query, request.GET.dict()) if len(query) >= search_index.SHORTEST else None
    bounds = {"most": search_index.MOST, "most_people": search_index.PER_PAGE, "shortest": search_index.SHORTEST}
    facts = {"query": query, "found": found, **bounds}
    return render(request, "support/search.html", facts)


@support_only
@require_http_methods(["GET", "HEAD", "POST"])
@fresh
@never_cache
def person(request: SignedInRequest, user_id: UUID) -> HttpResponse:
    who = get_object_or_404(User.objects.select_related("mechanic_profile"), id=user_id)
    return _ban(request, who) if request.method == "POST" else _show_person(request, who)


def _show_person(request: SignedInRequest, who: User, refused: Failed | None = None) -> HttpResponse:
    facts = {
        **_typed(request, refused),
        "person": who,
        "profile": MechanicProfile.objects.filter(user=who).first(),
        "sessions": people.sessions_of(who, page=request.GET.get("page")),
        "conversations": people.conversations_of(who, page=request.GET.get("questions")),
        "payments": people.payments_of(who, page=request.GET.get("payments")),
        "actions": staff_actions.record_of(str(who.id)),
    }
    return render(request, "support/person.html", facts, status=_status(refused))


@support_only
@require_safe
@never_cache
def mechanics(request: SignedInRequest) -> HttpResponse:
    return _show_mechanics(request)


def _show_mechanics(request: SignedInRequest, refused: Failed | None = None, of: int | None = None) -> HttpResponse:
    """`of`: the application whose answer was refused."""
    page = people.waiting_applications(request.POST.get("page") or request.GET.get("page"))
    facts = {
        **_typed(request, refused),
        "of": of,
        "page": page,
        "waiting": people.with_seen(page.object_list),
        "decided": people.decided_applications(),
    }
    return render(request, "support/mechanics.html", facts, status=_status(refused))


@support_only
@require_POST
@fresh
def decide(request: SignedInRequest, profile_id: int) -> HttpResponse:
    profile = get_object_or_404(MechanicProfile.objects.select_related("user"), pk=profile_id)
    act = DECISIONS.get(request.POST.get("act", ""))
    try:
        if act:
            act(profile=profile, **_context(request))
            messages.success(request, _("%(name)s gets an email with the answer.") % {"name": profile.user.name})
    except (Refused, accounts.Refused) as refused:
        profile.refresh_from_db()
        if profile.state == MechanicProfile.State.APPLIED:
            return _show_mechanics(request, refused, of=profile.pk)
        return _show_person(request, profile.user, refused)
    return SeeOther(reverse("support_mechanics"))


def _typed(request: SignedInRequest, refused: Failed | None) -> dict[str, str]:
    """Say why an act was refused, and return what was typed for its form."""
    if refused is None:
        return {}
    messages.error(request, refused.detail)
    return {"refused_act": request.POST.get("act", ""), "typed_reason": request.POST.get("reason", "")}


def _status(refused: Failed | None) -> int:
    match refused:
        case None:
            return 200
        case Refused(status=status):
            return status
        case _:
            return 409


def _context(request: SignedInRequest) -> dict[str, Any]:
    """Return the arguments that all acts on people take from a form."""
    reason, seen = request.POST.get("reason", ""), parse_count(request.POST.get("seen"))
    return {"by": request.user, "reason": reason, "seen": seen, "now": timezone.now()}


def _ban(request: SignedInRequest, who: User) -> HttpResponse:
    """Ban a person, lift the ban, or sign them out everywhere."""
    act = BAN_ACTIONS.get(request.POST.get("act", ""))
    try:
        if act:
            act(user=who, **_context(request))
            messages.success(request, _("Done. The reason is in the log."))
    except Refused as refused:
        who.refresh_from_db()
        return _show_person(request, who, refused)
    return SeeOther(reverse("support_person", args=[who.id]))
