"""The job table, read-only for support. Failed jobs are tried again or dismissed on the support desk."""

from django.contrib import admin

from autodoctor.core.admin_base import ReadOnly
from autodoctor.scheduler.models import Job

SHOWN = (
    *("kind", "key", "session_id", "due_at", "run_at", "attempts"),
    *("parked_at", "last_error", "leased_until", "lease_owner"),
)


@admin.register(Job)
class JobAdmin(ReadOnly):
    """Read-only: a job follows from the session or payment that it belongs to."""

    list_display = ("kind", "key", "due_at", "run_at", "attempts", "parked_at")
    list_filter = (("parked_at", admin.EmptyFieldListFilter), "kind")
    search_fields = ("kind", "key", "session_id")
    ordering = ("run_at",)
    fields = SHOWN  # without the payload, which may hold what is meant for one person's eyes
