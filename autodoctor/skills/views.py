"""The page on which a mechanic says what they know."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from autodoctor.accounts.access import SignedInRequest, mechanic_only
from autodoctor.core.errors import SeeOther
from autodoctor.skills import actions, queries
from autodoctor.skills.forms import SkillsForm


@mechanic_only
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache  # the back button must not show an old choice
def choose(request: SignedInRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = SkillsForm(data, known=queries.known_by(request.user))
    if form.is_valid():
        actions.choose(mechanic=request.user, skills=form.skills)
        messages.success(request, _("Saved. Requests that fit you come first in your queue."))
        return SeeOther(reverse("dashboard"))
    return render(request, "skills/choose.html", {"form": form}, status=422 if form.is_bound else 200)
