"""How the lanes run; failed jobs and Stripe events without a payment: list, try again, dismiss."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.accounts.reauthentication import fresh
from autodoctor.core import kept_words
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.core.parsing import parse_count
from autodoctor.scheduler.lane_watch import statuses
from autodoctor.support import failed_jobs, staff_actions
from autodoctor.support.meanwhile import action_meanwhile

PER_PAGE = 20


@support_only
@require_safe
@never_cache
def jobs(request: SignedInRequest) -> HttpResponse:
    return _show(request)


def _show(request: SignedInRequest, *, status: int = 200, **typed: Any) -> HttpResponse:
    wanted = request.POST.get("page") or request.GET.get("page")
    page = Paginator(failed_jobs.newest(), PER_PAGE).get_page(wanted)
    now = timezone.now()
    facts = {
        **typed,
        "page": page,
        "failed": failed_jobs.with_context(page.object_list),
        "done": failed_jobs.latest_actions(),
        "lanes": [(status, status.still_since(now)) for status in statuses(now)],
    }
    return render(request, "support/jobs.html", facts, status=status)


@support_only
@require_POST
@fresh
def job(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Try a job again, or dismiss it."""
    one = failed_jobs.newest().filter(pk=job_id).first()
    if one is None:
        return _gone(request)
    (failed,) = failed_jobs.with_context([one])
    context: dict[str, Any] = {"job": one, "session_id": failed.session_id, "by": request.user, "now": timezone.now()}
    context["seen"] = parse_count(request.POST.get("seen"))
    try:
        if request.POST.get("act") == "dismiss":
            staff_actions.dismiss(**context, reason=request.POST.get("reason", ""))
            messages.success(request, _("Dismissed."))
        else:
            staff_actions.retry(**context)
            messages.success(request, _("The job runs again now. If the job fails again, it comes back to this list."))
    except Refused as refused:
        messages.error(request, refused.detail)
        typed = {"refused_act": request.POST.get("act", ""), "typed_reason": request.POST.get("reason", "")}
        return _show(request, status=refused.status, of=one.pk, **typed)
    return SeeOther(reverse("support_jobs"))


def _gone(request: SignedInRequest) -> HttpResponse:
    """Say what became of a job that has left the list since the page showed it. 404 if it never was there."""
    last = next(iter(staff_actions.record_of(request.POST.get("subject", "")[:190])), None)
    if last is None:
        raise Http404
    messages.warning(request, action_meanwhile(last).detail)
    kept_words.keep(request, page=reverse("support_jobs"))
    return SeeOther(reverse("support_jobs"))
