from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from autodoctor.booking.models import ExtensionOption, Plan, Vehicle
from autodoctor.core.fields import MinutesField

IN_MINUTES: dict[type["models.Field[Any, Any]"], dict[str, Any]] = {models.DurationField: {"form_class": MinutesField}}


class EditedBySupport(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that support edits. Never deleted, because links name them; they are made inactive instead."""

    formfield_overrides = IN_MINUTES

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    has_module_permission = has_add_permission = has_change_permission = has_view_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Plan)
class PlanAdmin(EditedBySupport):
    list_display = ("name", "kind", "time", "price", "bookable", "active", "position")
    list_editable = ("bookable", "active", "position")


@admin.register(ExtensionOption)
class ExtensionOptionAdmin(EditedBySupport):
    list_display = ("__str__", "price", "active")
    list_editable = ("active",)


@admin.register(Vehicle)
class VehicleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "vin", "owner", "used_at")
    search_fields = ("owner__email", "vin", "make", "model")
    list_select_related = ("owner",)
    raw_id_fields = ("owner",)
