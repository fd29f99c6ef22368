"""Files in the admin: their metadata, not their content."""

from django.contrib import admin

from autodoctor.core.admin_base import ReadOnly
from autodoctor.files.models import StoredFile


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnly):
    list_display = ("name", "kind", "size", "uploader", "created_at", "removed_at", "kept")
    list_filter = ("kind", "kept", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("uploader",)
    search_fields = ("id", "owner_id", "name", "uploader__email")
    date_hierarchy = "created_at"
