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
    profile = MechanicProfile.objects.filter(user=request.user).first()
    initial = {"name": request.user.name, "time_zone": request.user.time_zone}
    form = ApplicationForm(request.POST or None, instance=profile, initial=initial)
    if form.is_valid() and _is_fresh(request, profile, form):
        return _send_application(request, form)
    page = {"form": form, "profile": profile, "is_support": request.user.role == Role.SUPPORT}
    return render(request, "accounts/apply.html", page, status=422 if form.is_bound else 200)


def _is_fresh(request: SignedInRequest, profile: MechanicProfile | None, form: ApplicationForm) -> bool:
    """Return whether support has not answered the application since the page was shown; else say so at the form."""
    seen = request.POST.get("seen")
    if seen is None or profile is None or profile.state in {seen, MechanicProfile.State.APPLIED}:
        return True
    answer = profile.get_state_display()
    sentence = _("Meanwhile support has answered your application: %(answer)s. Read it, then send the form again.")
    form.add_error(None, sentence % {"answer": answer})
    return False


def _send_application(request: SignedInRequest, form: ApplicationForm) -> HttpResponse:
    try:
        actions.apply(user=request.user, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Thank you. We email you as soon as we have read your application."))
    except actions.Refused as refused:
        messages.error(request, refused.detail)
    return SeeOther(reverse("apply"))


@mechanic_only
@require_POST
def taking_sessions(request: SignedInRequest) -> HttpResponse:
    taking = request.POST.get("taking") == "on"
    actions.set_taking_sessions(mechanic=request.user, taking=taking, now=timezone.now())
    return SeeOther(reverse("dashboard"))
