"""A person's own pages: account, application, "taking sessions"."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from autodoctor.accounts import actions
from autodoctor.accounts.access import SignedInRequest, mechanic_only, signed_in
from autodoctor.accounts.forms import AccountForm, ApplicationForm
from autodoctor.accounts.models import MechanicProfile, Role
from autodoctor.accounts.reauthentication import fresh
from autodoctor.accounts.sign_out import end_other_sessions
from autodoctor.core.errors import SeeOther


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    form = AccountForm(request.user, request.POST or None)
    if form.is_valid():
        actions.save_account(user=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return SeeOther(reverse("account"))
    return render(request, "accounts/account.html", {"form": form}, status=422 if form.is_bound else 200)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: SignedInRequest) -> HttpResponse:
    profile = _profile(request)
    initial = {"name": request.user.name, "time_zone": request.user.time_zone}
    form = ApplicationForm(request.POST or None, instance=profile, initial=initial)
    if form.is_valid() and _sent(request, form):
        return SeeOther(reverse("apply"))
    page = {"form": form, "profile": _profile(request), "is_support": request.user.role == Role.SUPPORT}
    return render(request, "accounts/apply.html", page, status=422 if form.is_bound else 200)


def _profile(request: SignedInRequest) -> MechanicProfile | None:
    return MechanicProfile.objects.filter(user=request.user).first()


def _sent(request: SignedInRequest, form: ApplicationForm) -> bool:
    """Return whether the form is done with. What support has answered meanwhile stands at it, with what was typed."""
    facts = form.cleaned_data | {"seen": request.POST.get("seen")}
    try:
        actions.apply(user=request.user, now=timezone.now(), **facts)
    except actions.Overtaken as refused:
        form.add_error(None, refused.detail)
        return False
    except actions.Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("Thank you. We email you as soon as we have read your application."))
    return True


@signed_in
@require_POST
@fresh(of_everybody=True)
def sign_out_elsewhere(request: SignedInRequest) -> HttpResponse:
    """End every session of this person but this browser's."""
    end_other_sessions(request, request.user)
    messages.success(request, _("You are signed out everywhere else."))
    return SeeOther(reverse("account"))


@mechanic_only
@require_POST
def taking_sessions(request: SignedInRequest) -> HttpResponse:
    taking = request.POST.get("taking") == "on"
    try:
        actions.set_taking_sessions(mechanic=request.user, taking=taking, now=timezone.now())
    except actions.Refused as refused:  # support has withdrawn the approval meanwhile
        messages.error(request, refused.detail)
    return SeeOther(reverse("dashboard"))
