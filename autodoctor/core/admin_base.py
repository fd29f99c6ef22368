"""The admin for staff: rows that support edits, and rows that it reads, because actions make and change them."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from autodoctor.core.fields import MinutesField

IN_MINUTES: dict[type["models.Field[Any, Any]"], dict[str, Any]] = {models.DurationField: {"form_class": MinutesField}}


class EditedBySupport(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Rows that support edits. Never deleted, because others name them; they are made inactive instead."""

    formfield_overrides = IN_MINUTES

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    has_module_permission = has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _Closed:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(_Closed, admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Every support person may view the rows."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)


class ReadOnlyLines(_Closed, admin.TabularInline):  # type: ignore[type-arg]
    """A person who sees the row sees its lines."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True
