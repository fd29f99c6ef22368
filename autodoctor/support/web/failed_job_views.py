"""Failed jobs and Stripe events without a payment: list, try again, dismiss."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from autodoctor.accounts.access import SignedInRequest, support_only
from autodoctor.core.errors import Refused, SeeOther
from autodoctor.support import failed_jobs, staff_actions

PER_PAGE = 20


@support_only
@require_safe
@never_cache
def jobs(request: SignedInRequest) -> HttpResponse:
    page = Paginator(failed_jobs.newest(), PER_PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "failed": failed_jobs.with_context(page.object_list), "done": failed_jobs.latest_actions()}
    return render(request, "support/jobs.html", facts)


@support_only
@require_POST
def job(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Try a job again, or dismiss it."""
    one = get_object_or_404(failed_jobs.newest(), pk=job_id)
    (failed,) = failed_jobs.with_context([one])
    try:
        if request.POST.get("act") == "dismiss":
            reason = request.POST.get("reason", "")
            staff_actions.dismiss(
                job=one, session_id=failed.session_id, by=request.user, reason=reason, now=timezone.now()
            )
            messages.success(request, _("Dismissed."))
        else:
            staff_actions.retry(job=one, session_id=failed.session_id, by=request.user, now=timezone.now())
            messages.success(request, _("The job runs again now. If the job fails again, it comes back to this list."))
    except Refused as refused:
        messages.error(request, refused.detail)
    return SeeOther(reverse("support_jobs"))
