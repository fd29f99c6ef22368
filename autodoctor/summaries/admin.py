"""Summaries in the admin, read-only. Drafts are visible to their mechanic only."""

from django.contrib import admin

from autodoctor.core.admin_base import ReadOnly, ReadOnlyLines
from autodoctor.summaries.models import Correction, Part, Photo, Summary


class PartLines(ReadOnlyLines):
    model = Part


class PhotoLines(ReadOnlyLines):
    model = Photo


class CorrectionLines(ReadOnlyLines):
    model = Correction


@admin.register(Summary)
class SummaryAdmin(ReadOnly):
    list_display = ("session", "author", "safe", "submitted_at", "mailed_at")
    list_filter = ("safe", ("mailed_at", admin.EmptyFieldListFilter))
    list_select_related = ("session", "author")
    search_fields = ("session__id", "author__email", "session__customer__email")
    date_hierarchy = "submitted_at"
    inlines = (PartLines, PhotoLines, CorrectionLines)
