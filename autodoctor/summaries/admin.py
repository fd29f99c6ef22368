"""The summaries as support reads them: they are changed by nobody. Drafts are their mechanic's own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from autodoctor.payments.admin import ReadOnly
from autodoctor.summaries.models import Correction, Part, Photo, Summary


class Lines(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # whoever sees the summary

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PartLines(Lines):
    model = Part


class PhotoLines(Lines):
    model = Photo


class CorrectionLines(Lines):
    model = Correction


@admin.register(Summary)
class SummaryAdmin(ReadOnly):
    list_display = ("session", "author", "safe", "submitted_at", "mailed_at")
    list_filter = ("safe", ("mailed_at", admin.EmptyFieldListFilter))
    list_select_related = ("session", "author")
    search_fields = ("session__id", "author__email", "session__customer__email")
    date_hierarchy = "submitted_at"
    inlines = (PartLines, PhotoLines, CorrectionLines)
