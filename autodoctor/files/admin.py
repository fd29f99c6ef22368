"""The files as support sees them: what there is, not what is in it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from autodoctor.files.models import StoredFile


@admin.register(StoredFile)
class StoredFileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "kind", "size", "uploader", "created_at", "removed_at", "kept")
    list_filter = ("kind", "kept", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("uploader",)
    search_fields = ("id", "owner_id", "name", "uploader__email")
    date_hierarchy = "created_at"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
