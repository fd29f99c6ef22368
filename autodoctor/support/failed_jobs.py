"""Queries about failed jobs: which there are, and to which session and Stripe event each belongs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import QuerySet

from autodoctor.payments.job_kinds import PaymentJob
from autodoctor.payments.models import Payment, StripeEvent
from autodoctor.scheduler.models import Job
from autodoctor.support.meanwhile import last_seen
from autodoctor.support.models import OF_JOBS, StaffAction
from autodoctor.support.staff_actions import subject_of

LATEST_ACTIONS = 10


@dataclass(frozen=True)
class FailedJob:
    """A failed job with its session, its Stripe event, and the last act of support on it (0 for none)."""

    job: Job
    session_id: UUID | None
    event: StripeEvent | None
    seen: int = 0

    @property
    def subject(self) -> str:
        return subject_of(self.job)


def newest() -> "QuerySet[Job]":
    """Return the failed jobs, the latest failure first."""
    return Job.objects.exclude(parked_at=None).order_by("-parked_at", "-id")


def latest_actions() -> "QuerySet[StaffAction]":
    """Return support's latest actions on failed jobs."""
    actions = StaffAction.objects.filter(kind__in=OF_JOBS).select_related("by")
    return actions.order_by("-at", "-id")[:LATEST_ACTIONS]


def with_context(failed: Iterable[Job]) -> list[FailedJob]:
    """Return the jobs with their sessions and Stripe events, in a few queries."""
    jobs = list(failed)
    events = StripeEvent.objects.in_bulk([job.key for job in jobs if _is_event(job)])
    payments = Payment.objects.in_bulk([event.payment_id for event in events.values() if event.payment_id])
    seen = last_seen(subject_of(job) for job in jobs)
    found = [_with_context(job, events.get(job.key) if _is_event(job) else None, payments) for job in jobs]
    return [replace(one, seen=seen[one.subject]) for one in found]


def _is_event(job: Job) -> bool:
    return job.kind == PaymentJob.STRIPE_EVENT


def _with_context(job: Job, event: StripeEvent | None, payments: Mapping[UUID, Payment]) -> FailedJob:
    """A Stripe event may name a payment. The name is a hint that nothing has checked yet."""
    payment = payments.get(event.payment_id) if event and event.payment_id else None
    return FailedJob(job, payment.owner_id if payment else job.session_id, event)
