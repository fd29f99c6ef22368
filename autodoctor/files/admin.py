"""The files as support sees them: what there is, not what is in it."""

from django.contrib import admin

from autodoctor.files.models import StoredFile
from autodoctor.readonly import ReadOnly


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnly):
    list_display = ("name", "kind", "size", "uploader", "created_at", "removed_at", "kept")
    list_filter = ("kind", "kept", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("uploader",)
    search_fields = ("id", "owner_id", "name", "uploader__email")
    date_hierarchy = "created_at"
