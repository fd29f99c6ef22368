"""The table of due work as support sees it: what waits, what gave up, and trying that again."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from autodoctor.clock.models import Job
from autodoctor.clock.queue import unpark
from autodoctor.readonly import ReadOnly

SHOWN = ("kind", "key", "due_at", "run_at", "attempts", "parked_at", "last_error", "leased_until", "lease_owner")


@admin.register(Job)
class JobAdmin(ReadOnly):
    """To look at, not to edit: what a row says follows from the session or payment it belongs to."""

    list_display = ("kind", "key", "due_at", "run_at", "attempts", "parked_at")
    list_filter = (("parked_at", admin.EmptyFieldListFilter), "kind")
    search_fields = ("kind", "key")
    ordering = ("run_at",)
    fields = SHOWN  # without the payload, which may hold what is meant for one person's eyes
    actions = ("try_again",)

    @admin.action(permissions=["view"], description=_("Try those that gave up again"))
    def try_again(self, request: HttpRequest, queryset: "QuerySet[Job]") -> None:
        count = unpark(list(queryset.values_list("pk", flat=True)), timezone.now())
        sentence = ngettext("%d job will be tried again.", "%d jobs will be tried again.", count)
        self.message_user(request, sentence % count)
