"""Failed jobs and Stripe events without a payment: list, try again, dismiss."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

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
from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Payment, StripeEvent
from autodoctor.scheduler.models import Job
from autodoctor.support import staff_actions
from autodoctor.support.models import Deed

PER_PAGE = 20


@dataclass(frozen=True)
class Parked:
    """A failed job with its session and its Stripe event."""

    job: Job
    session_id: UUID | None
    event: StripeEvent | None


@support_only
@require_safe
@never_cache
def jobs(request: SignedInRequest) -> HttpResponse:
    given_up = Job.objects.exclude(parked_at=None).order_by("-parked_at", "-id")
    page = Paginator(given_up, PER_PAGE).get_page(request.GET.get("page"))
    done = Deed.objects.filter(kind__startswith="job.").select_related("by").order_by("-at", "-id")[:10]
    return render(request, "support/jobs.html", {"page": page, "parked": parked(page.object_list), "done": done})


@support_only
@require_POST
def job(request: SignedInRequest, job_id: int) -> HttpResponse:
    """Try a job again, or dismiss it."""
    one = get_object_or_404(Job.objects.exclude(parked_at=None), pk=job_id)
    (found,) = parked([one])
    try:
        if request.POST.get("act") == "dismiss":
            reason = request.POST.get("reason", "")
            staff_actions.dismiss(
                job=one, session_id=found.session_id, by=request.user, reason=reason, now=timezone.now()
            )
            messages.success(request, _("Dismissed."))
        else:
            staff_actions.retry(job=one, session_id=found.session_id, by=request.user, now=timezone.now())
            messages.success(request, _("The job runs again now. If the job fails again, it comes back to this list."))
    except Refused as refused:
        messages.error(request, refused.detail)
    return SeeOther(reverse("support_jobs"))


def parked(given_up: Iterable[Job]) -> list[Parked]:
    """Return the failed jobs with what they belong to, in a few queries."""
    those = list(given_up)
    events = StripeEvent.objects.in_bulk([job.key for job in those if _is_event(job)])
    payments = Payment.objects.in_bulk([event.payment_id for event in events.values() if event.payment_id])
    return [_parked(job, events.get(job.key) if _is_event(job) else None, payments) for job in those]


def _is_event(job: Job) -> bool:
    return job.kind == PaymentJob.STRIPE_EVENT


def _parked(job: Job, event: StripeEvent | None, payments: Mapping[UUID, Payment]) -> Parked:
    """An event of Stripe's names a payment, if anything: a hint, nobody has looked yet."""
    payment = payments.get(event.payment_id) if event and event.payment_id else None
    return Parked(job, payment.owner_id if payment else job.session_id, event)
